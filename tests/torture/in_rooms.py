"""What posts in the rooms of incidents claim."""

import re

from tests.torture.evidence import Page
from tests.torture.told import NAMED, REF, Facts, Sentence, Told, by_somebody, sentence


def _escalated(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """These people have pages of that tier, and the stated reason holds."""
    incident = told.incident
    assert incident is not None
    made = facts.of_tier(incident, found["tier"]) if found["tier"] else [one for one in incident.pages if one.step < 0]
    own = [page for page in made if page.due_at <= told.at + facts.drift]
    if not all(facts.named(own, name) for name in found["people"].split(", ")):
        return False
    if found["by"]:
        return bool(facts.answers(incident, "escalated", found["by"]))
    due_at = max(page.due_at for page in own)
    if found["why"] == "Nobody acknowledged":
        return not any(one.at < due_at - facts.drift for one in facts.answers(incident, "acknowledged"))
    if found["why"] == "No page to the previous tier has been confirmed":
        before = [turn for turn in incident.turns if turn < max(page.turn for page in own)]
        return not before or not facts.confirmed(incident.pages_of(before[-1]), due_at)
    return True


def _not_reached(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """There was a step at which none of their pages was accepted."""
    assert told.incident is not None
    own = facts.named(told.incident.pages, found[1])
    turns = {page.turn for page in own if page.due_at <= told.at + facts.drift}
    return any(not facts.known_taken((page for page in own if page.turn == turn), told.at) for turn in turns)


def _ladder_ended(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """Nobody had acknowledged, and somebody in every tier was reached."""
    incident = told.incident
    assert incident is not None
    names = {facts.evidence.tiers[step.tier] for step in incident.steps}
    reached = all(
        any(facts.was_taken(page, before=told.at + facts.drift) for page in facts.of_tier(incident, name))
        for name in names
    )
    return reached and _unanswered(facts, told, found)


def _unanswered(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return not any(one.at < told.at - facts.drift for one in facts.answers(told.incident, "acknowledged"))


def _nobody_reached(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    assert told.incident is not None
    made, is_certain = told.incident.pages, found[1] == "could be paged"
    return not facts.confirmed(made, told.at) and not (is_certain and facts.known_taken(made, told.at))


def _tier_end(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """`• Engineering Lead: Ben Moss paged; Ada Obi *not reached*`"""
    assert told.incident is not None
    made = facts.of_tier(told.incident, found[1])
    return all(_is_their_end(facts, told, made, part) for part in found[2].split("; "))


def _is_their_end(facts: Facts, told: Told, made: list[Page], part: str) -> bool:
    """Certain outcomes were so; for those called unknown, nothing had been confirmed."""
    if part == "*nobody was paged*":
        return not facts.known_taken(made, told.at)
    names, _, word = re.sub(r" (paged|\*?not .*)$", r"|\1", part).partition("|")
    for own in (facts.named(made, name) for name in names.split(", ")):
        if word == "paged":
            is_so = any(facts.was_taken(page, before=told.at + facts.drift) for page in own)
        elif word == "*not known whether paged*":
            is_so = not facts.confirmed(own, told.at)
        else:
            is_so = not facts.known_taken(own, told.at)
        if not is_so:
            return False
    return True


def _stops(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    assert told.incident is not None
    climbs_on = told.incident.policy["stops_on"] == "resolved"
    says_so = found[2] == "Paging continues"
    return bool(facts.answers(told.incident, "acknowledged", found[1])) and climbs_on == says_so


WHY = (
    r"📣 (?:(?P<why>Nobody acknowledged|Still not resolved|No page to the previous tier has been confirmed), so "
    r"|<@(?P<by>\w+)> escalated: )"
)
WHOM = r"(?:\*(?P<tier>.+?)\* )?(?P<people>.+?) (?:is|are) being paged"
END = r"(?:paged|\*not reached\*|not sent yet|\*not known whether paged\*)"
POSTS: tuple[Sentence, ...] = (
    sentence(WHY + WHOM, _escalated),
    sentence(rf"\*{NAMED} was not reached\*: no page was accepted", _not_reached),
    sentence(rf"\*Nobody acknowledged {REF}, and there's nobody left to page\.\*", _ladder_ended),
    sentence(rf"\*Nobody acknowledged {REF}, not every tier was reached, and there's nobody left", _unanswered),
    sentence(r"\*Nobody (could be paged|is known to have been paged) for ", _nobody_reached),
    sentence(rf"^• (.+?): (\*nobody was paged\*|.+ {END}(?:; .+ {END})*)$", _tier_end),
    sentence(r"👀 <@(\w+)> acknowledged\. (Paging \w+)", _stops),
    sentence(r"💤 <@(\w+)> snoozed paging until", by_somebody("snoozed")),
    sentence(r"✅ \*INC-\d+ is resolved\* by <@(\w+)>", by_somebody("resolved")),
    sentence(rf"there's nobody left to page\.\* Acknowledged by {NAMED}\.$", by_somebody("acknowledged")),
)

"""Judges a torture run by what providers accepted, what people were told, and the rows, independently of the bot.

Each check yields one sentence per violation.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.torture.evidence import Evidence, Incident, Page
from tests.torture.in_answers import ANSWERS
from tests.torture.in_rooms import POSTS
from tests.torture.on_cards import CARDS, LAST_OF_CARDS, LAST_OF_PAGES, PAGES
from tests.torture.providers import Taken
from tests.torture.told import ACCEPTED, IN_FLIGHT, LOST, SAME_MOMENT, Facts, about, answers_told, findings, posts_told

# The tombstone of a request whose commit failed: it prevents a late commit, and the caller was told.
NEVER_STORED = "its commit was not heard of, and had not been made"
# Per kind of edited message: its key's prefix, what every version may say, and what the last one may.
KINDS = (
    ("incident:", CARDS, LAST_OF_CARDS), ("announcement:", CARDS, LAST_OF_CARDS), ("page:", PAGES, LAST_OF_PAGES),
)  # fmt: skip
# The longest a due step may wait: with the database down, or every process dead, frozen or starting.
LATEST = timedelta(seconds=45)


def judge(evidence: Evidence) -> list[str]:
    """Every violation; empty when the run kept every promise."""
    return [f"{check.__name__.replace('_', ' ')}: {found}" for check in CHECKS for found in check(evidence)]


def no_page_is_lost(evidence: Evidence) -> Iterator[str]:
    """Every page was accepted, or says why it was not."""
    for incident in evidence.incidents:
        for page in incident.pages:
            if page.state in LOST and not page.error:
                yield f"{page} has no reason"
            if page.state == "cancelled" and incident.acknowledged_at is None and incident.resolved_at is None:
                yield f"{page} was cancelled although nobody answered"
            if page.state not in (*ACCEPTED, *LOST, "cancelled"):
                yield f"{page} is neither accepted nor given up"


def no_step_is_skipped(evidence: Evidence) -> Iterator[str]:
    """Steps are consecutive, each pages everybody in its tier, and the last one ends the ladder."""
    for incident in evidence.incidents:
        whole = _whole_ladder(incident)
        reached = whole if incident.stops_at is None else whole[: whole.index(incident.turns[-1]) + 1]
        skipped = [
            turn for turn in reached if turn not in incident.turns and not _all_have_acknowledged(incident, turn)
        ]
        if skipped:
            yield f"INC-{incident.id} took {incident.turns}, and not {skipped}"
        if incident.stops_at is None and incident.state != "exhausted":
            yield f"INC-{incident.id}, which nobody answered, is {incident.state}"
        for turn in incident.turns:
            yield from _missing_people(incident, turn)


def no_step_is_forgotten(evidence: Evidence) -> Iterator[str]:
    """No step was delayed much longer than the longest outage."""
    for incident in evidence.incidents:
        for turn, following in zip(incident.turns, [*incident.turns[1:], None], strict=True):
            tried = [page.first_attempt_at for page in incident.pages_of(turn) if page.first_attempt_at]
            end = incident.stops_at if following is None else incident.pages_of(following)[0].due_at
            last = turn == _whole_ladder(incident)[-1]
            if not tried or end is None or last:
                continue
            wait = timedelta(seconds=incident.steps[turn[2]].wait_s)
            if end - min(tried) > wait + LATEST + evidence.stepped_by:
                yield f"INC-{incident.id} waited {end - min(tried)} after {turn}"


def every_tier_has_its_time(evidence: Evidence) -> Iterator[str]:
    """The next step comes after the wait, unless somebody escalated or nobody in the tier was reached."""
    for incident in evidence.incidents:
        for turn, following in zip(incident.turns, incident.turns[1:], strict=False):
            began = min(page.due_at for page in incident.pages_of(turn))
            due_at = incident.pages_of(following)[0].due_at
            # A clock set ahead brings one step forward.
            if due_at - began >= timedelta(seconds=incident.steps[turn[2]].wait_s) - evidence.stepped_by:
                continue
            reached = any(page.accepted_at and page.accepted_at <= due_at for page in incident.pages_of(turn))
            if reached and not _by_hand(incident, due_at):
                yield f"INC-{incident.id} went from {turn} to {following} after {due_at - began}"


def nobody_is_paged_twice(evidence: Evidence) -> Iterator[str]:
    """Per step, person and way: one page, accepted once, unless marked as a possible repeat."""
    for incident in evidence.incidents:
        rows = Counter((page.turn, page.person, page.via) for page in incident.pages)
        yield from (f"INC-{incident.id} has {row} {count} times" for row, count in rows.items() if count > 1)
    for page, all_taken in _by_page(evidence).items():
        # Mails with equal Message-IDs are one: a mailbox shows it once.
        distinct = {one.reference for one in all_taken if not one.marked}
        if len(distinct) > 1:
            yield f"page {page} was taken {len(distinct)} times: {all_taken}"


def nobody_is_paged_after_an_answer(evidence: Evidence) -> Iterator[str]:
    """Except pages in flight, and those people asked for afterwards."""
    taken = _by_page(evidence)
    for incident in evidence.incidents:
        end = incident.stops_at
        for page in incident.pages if end else ():
            assert end is not None
            if _by_hand(incident, page.due_at) and page.due_at >= end - SAME_MOMENT:
                continue
            for one in taken.get(page.id, ()):
                begun_before = page.claimed_at is None or page.claimed_at <= end + evidence.stepped_by
                if one.at > end + evidence.stepped_by + (IN_FLIGHT if begun_before else timedelta(0)):
                    times = f"due {page.due_at}, first tried {page.first_attempt_at}, claimed {page.claimed_at}"
                    yield f"{page}, answered at {end}, was taken at {one.at}: {times}, by hand {incident.by_hand}"


def nothing_is_claimed(evidence: Evidence) -> Iterator[str]:
    """Pages recorded as accepted were accepted, under the stored reference, and the other way round."""
    taken = _by_page(evidence)
    pages = {page.id: page for incident in evidence.incidents for page in incident.pages}
    for page in pages.values():
        references = [one.reference for one in taken.get(page.id, ())]
        if page.state in ACCEPTED and not any(_is_of(page, reference) for reference in references):
            yield f"{page} counts as accepted; taken was {references}"
        if page.state not in ACCEPTED and references and not _was_doubted(page):
            yield f"{page} was taken as {references}"
    for number in taken.keys() - pages.keys():
        yield f"{taken[number]} is no page that anybody knows"


def every_request_is_done_once(evidence: Evidence) -> Iterator[str]:
    titles = Counter(incident.title for incident in evidence.incidents)
    yield from (f"{title} was declared {count} times" for title, count in titles.items() if count > 1)
    for request in evidence.requests:
        if request.worked_at is None or (request.error and request.error != NEVER_STORED and not request.set_aside_at):
            yield f"{request} is not done"
    by_title = {incident.title: incident for incident in evidence.incidents}
    for said in evidence.said:
        if said.was_taken and not _had_its_effect(said.deed, by_title.get(said.title)):
            yield f"“{said.deed}” about {said.title} was acknowledged and had no effect"


def nobody_is_told_what_is_not_true(evidence: Evidence) -> Iterator[str]:
    """For each declaration, the final answer is what happened, and nobody got contradicting answers."""
    titles = {incident.title for incident in evidence.incidents}
    for said in evidence.said:
        if said.was_turned_away and said.was_confirmed:
            yield f"about {said.title} somebody was told both that it was recorded and that it was not"
        elif said.deed == "declare" and said.was_turned_away and said.title in titles:
            yield f"of {said.title} it was told that nothing was recorded, and it is declared"
        # A request at which two processes died is withdrawn with a message.
        elif (
            said.was_confirmed
            and not said.was_set_aside
            and not _had_its_effect(said.deed, _titled(evidence, said.title))
        ):
            yield f"of “{said.deed}” about {said.title} it was told that it was recorded, and it had no effect"
        elif said.was_set_aside and said.deed == "declare" and said.title in titles:
            yield f"of {said.title} it was told that it was not done, and it is declared"


def nobody_reads_a_sentence_that_is_not_true(evidence: Evidence) -> Iterator[str]:
    """Checks answers to commands and buttons, posts in rooms, and every version of cards and pages."""
    facts = Facts(evidence)
    answers = [told for said in evidence.said for told in answers_told(evidence, said)]
    yield from findings(answers, facts, ANSWERS, all_known=True)
    yield from findings(posts_told(evidence, evidence.written), facts, POSTS, all_known=False)
    for prefix, sentences, last in KINDS:
        own = [one for one in evidence.written if one.key.startswith(prefix)]
        yield from findings(about(evidence, own), facts, sentences, all_known=False)
        yield from findings(about(evidence, [one for one in own if one.is_last]), facts, last, all_known=False)


def every_alert_is_answered_truly(evidence: Evidence) -> Iterator[str]:
    """After a 202 the alert is stored; after a 503 "nothing was stored" it is not."""
    for one in evidence.alerts:
        is_kept = any(f'"{one.attempt}"' in body for body in evidence.alerts_kept)
        if one.status == 202 and not is_kept:
            yield f"{one.attempt} was accepted and is not there"
        if is_kept and "nothing was stored" in one.words:
            yield f"{one.attempt} was answered with {one.words}, and is there"


def nothing_is_posted_twice(evidence: Evidence) -> Iterator[str]:
    # Pages have their own check, and a room is told each time paging stops.
    counts = Counter(post for post in evidence.posts if not post[1].startswith(("page:", "paging stopped:")))
    yield from (f"{post} was posted {count} times" for post, count in counts.items() if count > 1)


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    no_page_is_lost,
    no_step_is_skipped,
    no_step_is_forgotten,
    every_tier_has_its_time,
    nobody_is_paged_twice,
    nobody_is_paged_after_an_answer,
    nothing_is_claimed,
    every_request_is_done_once,
    nobody_is_told_what_is_not_true,
    nobody_reads_a_sentence_that_is_not_true,
    every_alert_is_answered_truly,
    nothing_is_posted_twice,
)


def _whole_ladder(incident: Incident) -> list[tuple[int, int, int]]:
    loops = range(incident.policy["repeat"] + 1)
    return [(1, loop, step) for loop in loops for step in range(len(incident.steps))]


def _missing_people(incident: Incident, turn: tuple[int, int, int]) -> Iterator[str]:
    """The people of a step who were not paged, except those who had acknowledged."""
    tier = _tier(incident, turn)
    made = {(page.person, page.via) for page in incident.pages_of(turn)}
    wanted = {(person, via) for person in tier["who"] for via in tier["via"] if person not in incident.acknowledged_by}
    if missing := wanted - made:
        yield f"INC-{incident.id} left out {sorted(missing)} at {turn}"


def _all_have_acknowledged(incident: Incident, turn: tuple[int, int, int]) -> bool:
    """Whether a tier was skipped because everybody in it had acknowledged."""
    return set(_tier(incident, turn)["who"]) <= incident.acknowledged_by


def _titled(evidence: Evidence, title: str) -> Incident | None:
    return next((incident for incident in evidence.incidents if incident.title == title), None)


def _tier(incident: Incident, turn: tuple[int, int, int]) -> Mapping[str, Any]:
    tier: Mapping[str, Any] = incident.policy["tiers"][incident.steps[turn[2]].tier]
    return tier


def _by_hand(incident: Incident, at: datetime) -> bool:
    return any(abs(called - at) < SAME_MOMENT for called in incident.by_hand)


def _by_page(evidence: Evidence) -> dict[int, list[Taken]]:
    pages: dict[int, list[Taken]] = defaultdict(list)
    for one in evidence.taken:
        pages[one.page].append(one)
    return pages


def _is_of(page: Page, reference: str) -> bool:
    """Whether the reference matches; for a mail, the server's answer follows its id."""
    return (page.reference or "").split(" ")[0] == reference


def _was_doubted(page: Page) -> bool:
    """Accepted without a response, then refused when retried, or not retried after an acknowledgement."""
    return page.state == "cancelled" or (page.state in LOST and "may have been accepted" in str(page.error))


def _had_its_effect(deed: str, incident: Incident | None) -> bool:
    if incident is None:
        return False
    match deed:
        case "ack" | "press":
            return incident.acknowledged_at is not None or incident.resolved_at is not None
        case "resolve":
            return incident.resolved_at is not None
    return True

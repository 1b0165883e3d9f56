"""What cards and pages claim, in every version and in the final one."""

import re
from datetime import datetime, timedelta

from tests.torture.evidence import Page
from tests.torture.told import (
    ACCEPTED,
    DATE,
    IN_FLIGHT,
    LOST,
    NAMED,
    Facts,
    Sentence,
    Told,
    by_somebody,
    moment,
    sentence,
)

WAYS = {"Slack": "slack", "email": "email"}


def _card_acknowledged(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    own = facts.answers(told.incident, "acknowledged", found[1])
    return any(abs(one.at - moment(found[2])) < facts.drift + IN_FLIGHT for one in own)


def _card_resolved(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return bool(facts.answers(told.incident, "resolved", found[2]))


def _page_line(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """`✓ Ada Obi, On-call Engineer, late: Slack sent … · email refused (…)`"""
    parts = [WAYS_AND_STATE.match(part) for part in found[2].split(" · ")]
    return all(_is_so(facts, told, found[1], way, part[2]) for part in parts if part for way in part[1].split(" and "))


def _is_so(facts: Facts, told: Told, name: str, way: str, state: str) -> bool:
    """A certain claim must hold for one of their pages; one accepted unheard is neither refused nor unsent."""
    assert told.incident is not None
    own = [page for page in facts.named(told.incident.pages, name) if page.via == WAYS[way]]
    if sent := re.match(f"sent {DATE}", state):
        return any(facts.was_taken(page) and _accepted_in(page, moment(sent[1])) for page in own)
    unsent = [page for page in own if not facts.was_taken(page)]
    if state.startswith(("refused", "given up")):
        return any(page.state in LOST for page in unsent)
    if state.startswith("not sent, no longer needed"):
        return any(page.state == "cancelled" for page in unsent)
    if state.startswith("not sent yet"):
        return not own or any(not facts.was_taken(page, before=told.at - LATE_CARD) for page in own)
    return True


def _accepted_in(page: Page, minute: datetime) -> bool:
    """Ways whose pages were accepted in the same minute are listed together."""
    later = (page.accepted_at - minute) if page.state in ACCEPTED and page.accepted_at else None
    return later is not None and abs(later) < timedelta(seconds=61)


WAYS_AND_STATE = re.compile(r"^((?:Slack|email)(?: and (?:Slack|email))*) (.*)$")
# A card is rendered, and then may wait for Slack.
LATE_CARD = timedelta(seconds=45)
CARDS: tuple[Sentence, ...] = (
    sentence(rf"👀 Acknowledged by <@(\w+)> {DATE}", _card_acknowledged),
    sentence(rf"✅ Resolved {DATE} by {NAMED}(?::|$)", _card_resolved),
    sentence(r"acknowledged by ([A-Z]\w+ \w+)", by_somebody("acknowledged")),
    sentence(r"^[✓⏳✗–?]+ ([A-Z]\w+ \w+)(?:, [\w -]+)*: (.+)$", _page_line),
)


def _never(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return False


def _still_unanswered(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """Or it was due only after the answer, by a clock that has been set or because somebody was called then."""
    incident, page = told.incident, told.page
    assert incident is not None
    at = incident.acknowledged_at
    return incident.resolved_at is None and (at is None or (page is not None and page.due_at > at))


def _still_open(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    assert told.incident is not None
    return told.incident.resolved_at is None


# What they show when nothing is left to do.
LAST_OF_CARDS: tuple[Sentence, ...] = (
    sentence(r"[Nn]ot acknowledged yet", _still_unanswered),
    sentence(
        r"Nobody acknowledged, and there's nobody left to page\.|Nobody acknowledged, and not every", _still_unanswered
    ),
    sentence(r"not sent yet|waiting to be sent|^(?:Next|Then): |Nobody left to page\. If", _never),
)


def _was_due(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    assert told.page is not None
    return abs(told.page.due_at - moment(found[1])) < timedelta(seconds=1)


PAGES: tuple[Sentence, ...] = (
    sentence(rf"This page is late: it was due {DATE}", _was_due),
    sentence(rf"👀 Acknowledged by {NAMED} <!date", by_somebody("acknowledged")),
    sentence(rf"✅ Resolved by {NAMED} <!date", by_somebody("resolved")),
)
LAST_OF_PAGES: tuple[Sentence, ...] = (
    sentence(r"Acknowledge to stop paging", _still_unanswered),
    sentence(r"Acknowledge if you're on it; paging stops when it's resolved", _still_open),
)

"""Judges whether an expectation was met, and by what, or what happened instead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rehearsal.facts import Fact
from bot.runbook import Runbook, Tier
from bot.scenarios.expectations import ANYBODY, Expectation


@dataclass(frozen=True)
class Outcome:
    """`shown`: the facts that met it, or else what happened instead. It may be empty: for a `never` that failed, the
    channel then doesn't exist."""

    expectation: Expectation
    is_met: bool
    shown: tuple[Fact, ...]


def judge(wish: Expectation, facts: Sequence[Fact], begins: datetime, runbook: Runbook) -> Outcome:
    of_kind = [fact for fact in facts if fact.kind == wish.what]
    found = [fact for fact in of_kind if _is_meant(wish, fact, runbook)]
    if wish.never is not None:
        broken = [fact for fact in found if _is_between(wish, fact, begins)]
        return Outcome(wish, not broken and _was_there(wish.place, facts, runbook), tuple(broken))
    counted = [fact for fact in found if wish.after is None or fact.at >= begins + wish.after]
    in_time = [fact for fact in counted if wish.by is not None and fact.at <= begins + wish.by]
    if bool(in_time) if wish.times is None else len(in_time) == len(counted) == wish.times:
        return Outcome(wish, True, tuple(in_time[: wish.times or 1]))
    return Outcome(wish, False, tuple(found or _nearest(wish, of_kind)))


def _was_there(place: str | None, facts: Iterable[Fact], runbook: Runbook) -> bool:
    """Does the channel exist? An incident's room can be recognised by what is posted there, which is always
    something."""
    if place is None or _bare(place) in map(_bare, runbook.channel_names):
        return True
    return any(_bare(place) == fact.place for fact in facts)


def _bare(channel: str) -> str:
    return channel.removeprefix("#").lower()


def _is_between(wish: Expectation, fact: Fact, begins: datetime) -> bool:
    after = wish.after is None or fact.at >= begins + wish.after
    return after and (wish.until is None or fact.at <= begins + wish.until)


def _nearest(wish: Expectation, facts: Iterable[Fact]) -> list[Fact]:
    """All facts of the same kind; none for messages, because there are too many."""
    return [] if wish.what == "said" else list(facts)


def _is_meant(wish: Expectation, fact: Fact, runbook: Runbook) -> bool:
    return (
        _is_somebody(wish.who, fact, runbook)
        and wish.via in (None, fact.via)
        and wish.audience in (None, ANYBODY, fact.audience)
        and (wish.severity is None or wish.severity.lower() in (ANYBODY, fact.severity.lower()))
        and (wish.text is None or wish.text.lower() in fact.text.lower())
        and (wish.place is None or _bare(wish.place) == fact.place)
    )


def _is_somebody(who: str | None, fact: Fact, runbook: Runbook) -> bool:
    if who in (None, ANYBODY):
        return True
    if who.startswith("tier/"):
        meant = set(_everybody_in(runbook.tiers[who.removeprefix("tier/")], runbook))
        return not meant.isdisjoint(fact.who)
    return who in fact.who


def _everybody_in(tier: Tier, runbook: Runbook) -> Iterator[str]:
    """Includes everybody in its schedules, on duty or not."""
    for entry in tier.who:
        yield from [entry.key] if entry.kind == "person" else runbook.schedules[entry.key].people

"""What happens in a torture run, and when: the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

Kind = Literal[
    "declare", "alert", "person", "kill", "freeze", "slack", "slack away", "mail", "hang", "database", "slow database",
    "clock", "runbook",
]  # fmt: skip
Deed = Literal["ack", "press", "resolve", "escalate", "call", "snooze"]
SlackTrouble = Literal[
    "429", "500", "500 after", "hang", "hang after", "drop", "drop after", "no", "slow", "not slack", "not slack after"
]  # fmt: skip
# Faults that prevent writes, or hide their outcome, while the database is up and answers.
DatabaseTrouble = Literal["read-only", "locked", "commits hang"]

SEVERITIES = ("P1", "P2", "P3")
PEOPLE = ("ada", "ben", "cleo", "dev", "eve", "finn")
PROCESSES = 3

# Longer than a claim's lease of 15 s, and much shorter than it.
LONG_FREEZE_S = (16.0, 20.0)
SHORT_FREEZE_S = (0.5, 7.0)
# What Slack does only after the bot has hung up and searched in vain can't be recognised.
LATEST_DEED_S = 9.0
MAIL_TROUBLES = ("later", "never", "silent", "silent after", "dropped", "dropped after")
# `page` posts a page; the next two find one that may have been posted.
# Small enough for the checker to compare times, and larger than what counts as a clock step.
STEPS_S = (-4.0, 4.0)
METHODS = (
    *["page"] * 5, *["conversations.history"] * 2, "conversations.open",
    *["chat.postMessage"] * 2, "conversations.create", "chat.update",
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """`number`: of an incident or process; `what` and `method` specify it; `for_s`: its duration."""

    at_s: float
    kind: Kind
    number: int = 0
    who: str = ""
    what: str = ""
    method: str = ""
    for_s: float = 0.0


def plan(seed: int, seconds: float, *, pace_s: float = 2.5) -> list[Event]:
    """An incident about every `pace_s` seconds, with everything else in parallel; oldest first."""
    chance = Random(seed)
    beginnings = list(_times(chance, seconds, pace_s * 0.4, pace_s * 1.6, first=(0.0, 0.5)))
    events = [event for number, at_s in enumerate(beginnings, 1) for event in _incident(chance, number, at_s)]
    events += [_kill(chance, at_s) for at_s in _times(chance, seconds, 5, 14)]
    events += [_freeze(chance, at_s) for at_s in _times(chance, seconds, 6, 16)]
    events += [_slack(chance, at_s) for at_s in _times(chance, seconds, 0.3, 2.0)]
    events += [Event(at_s, "mail", what=chance.choice(MAIL_TROUBLES)) for at_s in _times(chance, seconds, 1.5, 6)]
    events += [_database(chance, at_s) for at_s in _times(chance, seconds, 20, 40)]
    events += [_slow_database(chance, at_s) for at_s in _times(chance, seconds, 15, 40)]
    events += [_clock(chance, at_s) for at_s in _times(chance, seconds, 20, 50)]
    events += [_hang(chance, at_s) for at_s in _times(chance, seconds, 20, 45)]
    events += [_slack_away(chance, at_s) for at_s in _times(chance, seconds, 30, 60)]
    events += [Event(at_s, "runbook") for at_s in _times(chance, seconds, 20, 50)]
    return sorted(events, key=lambda event: event.at_s)


def _times(
    chance: Random, seconds: float, least: float, most: float, *, first: tuple[float, float] | None = None
) -> Iterator[float]:
    """Instants in the run at this distance; even a short run has at least one."""
    at_s = chance.uniform(*(first or (min(least, seconds) / 3, min(most, seconds) * 0.6)))
    while at_s < seconds:
        yield at_s
        at_s += chance.uniform(least, most)


def _incident(chance: Random, number: int, at_s: float) -> Iterator[Event]:
    """Declared by a person or an alert; a third goes unacknowledged, and some people are busier than others."""
    if chance.random() < 0.25:
        yield Event(at_s, "alert", number)
    else:
        yield Event(at_s, "declare", number, chance.choice(PEOPLE), chance.choice(SEVERITIES))
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        later_s = at_s + chance.uniform(0.5, 16)
        yield Event(later_s, "person", number, chance.choice(PEOPLE), chance.choice(get_args(Deed)))


def _kill(chance: Random, at_s: float) -> Event:
    return Event(at_s, "kill", chance.randrange(PROCESSES))


def _freeze(chance: Random, at_s: float) -> Event:
    span = LONG_FREEZE_S if chance.random() < 0.3 else SHORT_FREEZE_S
    return Event(at_s, "freeze", chance.randrange(PROCESSES), for_s=chance.uniform(*span))


def _slack(chance: Random, at_s: float) -> Event:
    what = chance.choice(get_args(SlackTrouble))
    method = "page" if what == "no" else chance.choice(METHODS)
    longest_s = 14 if what == "hang after" else LATEST_DEED_S
    return Event(at_s, "slack", what=what, method=method, for_s=chance.uniform(1, longest_s))


def _database(chance: Random, at_s: float) -> Event:
    """The database stops or crashes, and is back at once or seconds later."""
    return Event(at_s, "database", what=chance.choice(["stop", "crash"]), for_s=chance.choice([0, 0, 2, 5, 9]))


def _slow_database(chance: Random, at_s: float) -> Event:
    """Slower than any request may wait, and sometimes than a lease lasts."""
    return Event(at_s, "slow database", what=chance.choice(get_args(DatabaseTrouble)), for_s=chance.uniform(1, 18))


def _clock(chance: Random, at_s: float) -> Event:
    """The database's clock is set wrong, and corrected again."""
    return Event(at_s, "clock", what=str(chance.choice(STEPS_S)), for_s=chance.uniform(4, 12))


def _hang(chance: Random, at_s: float) -> Event:
    """Requests to one provider are answered much later."""
    return Event(at_s, "hang", what=chance.choice(["Slack", "mail"]), for_s=chance.uniform(3, LATEST_DEED_S))


def _slack_away(chance: Random, at_s: float) -> Event:
    """Slack is down; a process killed meanwhile has to start without it."""
    return Event(at_s, "slack away", chance.randrange(PROCESSES), for_s=chance.uniform(4, 9))

"""Inactivity: an acknowledged incident has gone quiet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.people.working_hours import WorkingHours, after

# In multiples of the severity's `update_every`.
QUIET_FOR = 2


@dataclass(frozen=True)
class NextLook:
    """What to do now, and when to look again. `asked_at`: when the room was asked; None: no answer is awaited."""

    deed: Literal["wait", "ask", "withdraw"]
    asked_at: datetime | None
    again_at: datetime


def look(
    heard_at: datetime, asked_at: datetime | None, every: timedelta, now: datetime, hours: WorkingHours | None = None
) -> NextLook:
    """Ask the room after twice the interval `every`; one interval later, withdraw the acknowledgement. `hours`: the
    time that counts; None: all of it.

    The second wait counts from the actual question, so that after an outage of ours people have their full time to
    answer.
    """
    if asked_at is None or heard_at >= asked_at:
        limit = after(hours, heard_at, QUIET_FOR * every)
        return NextLook("ask", now, after(hours, now, every)) if now >= limit else NextLook("wait", None, limit)
    answered_by = after(hours, asked_at, every)
    if now < answered_by:
        return NextLook("wait", asked_at, answered_by)
    return NextLook("withdraw", None, after(hours, now, QUIET_FOR * every))

"""Inactivity: an acknowledged incident of which nothing more is heard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.people.working_hours import WorkingHours, after

# In rhythms of updates (`update_every`).
QUIET_FOR = 2


@dataclass(frozen=True)
class NextLook:
    """What is to be done now, and when to look again. `asked_at` is when the room was asked; None: it is not waited for
    an answer."""

    deed: Literal["wait", "ask", "withdraw"]
    asked_at: datetime | None
    again_at: datetime


def look(
    heard_at: datetime, asked_at: datetime | None, every: timedelta, now: datetime, hours: WorkingHours | None = None
) -> NextLook:
    """After twice the rhythm the room is asked; one rhythm later the acknowledgement counts no more. `hours`: the time
    that counts, None: all of it.

    Counted from the question and not from when it was due: after an outage of ours everybody has their time to answer.
    """
    if asked_at is None or heard_at >= asked_at:
        limit = after(hours, heard_at, QUIET_FOR * every)
        return NextLook("ask", now, after(hours, now, every)) if now >= limit else NextLook("wait", None, limit)
    answered_by = after(hours, asked_at, every)
    if now < answered_by:
        return NextLook("wait", asked_at, answered_by)
    return NextLook("withdraw", None, after(hours, now, QUIET_FOR * every))

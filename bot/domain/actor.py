"""Who does a deed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """A person or the bot, as every timeline and audit entry names them.

    `name` is a runbook key, else a Slack id, or `tocsin`. `request` is the stored request the deed belongs to: a deed
    with a request happens once, however often the request is worked on; None for deeds that no request asked for.
    `asked_at` is when they asked: whoever finishes their request after a crash does it late, and says so.
    """

    name: str
    slack_id: str | None = None
    request: str | None = None
    asked_at: datetime | None = None


TOCSIN = Actor("tocsin")

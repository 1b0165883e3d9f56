"""The author of a deed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """A person or the bot, as named in the timeline and the audit log.

    `name`: a runbook key, else a Slack id, or `tocsin`. `request`: the stored request this deed belongs to, which makes
    the deed happen once however often the request is retried; None: no request. `asked_at`: when they asked, as a
    request resumed after a crash is carried out late, and says so.
    """

    name: str
    slack_id: str | None = None
    request: str | None = None
    asked_at: datetime | None = None


TOCSIN = Actor("tocsin")

"""Who does a deed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person or the bot, as every timeline and audit entry names them.

    `name` is a runbook key, else a Slack id, or `tocsin`. `request` is the stored request the deed belongs to: a deed
    with a request happens once, however often the request is worked on; None for deeds that no request asked for.
    """

    name: str
    slack_id: str | None = None
    request: str | None = None


TOCSIN = Actor("tocsin")

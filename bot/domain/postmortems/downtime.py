"""How long each check was down in an incident, and whether its availability target was met."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.checks.uptime import IllTime


@dataclass(frozen=True)
class Outage:
    """One check in one incident: total time down, from the first to the last instant.

    `available`: percentage over the 30 days before the incident's end; `measured`: how much of that was looked at;
    None: unknown. `target` None: the runbook has none.
    """

    check: str
    down: timedelta
    since: datetime
    until: datetime
    available: float | None = None
    measured: timedelta | None = None
    target: float | None = None


def outage(check: str, times: Iterable[IllTime], begins: datetime, ends: datetime) -> Outage | None:
    """Downtime within the incident; None: there was none."""
    down = [(max(one.begin, begins), min(one.end, ends)) for one in times if one.state == "down"]
    within = [(since, until) for since, until in down if since < until]
    if not within:
        return None
    lengths = [until - since for since, until in within]
    return Outage(check, sum(lengths, timedelta()), within[0][0], within[-1][1])

"""How long each check was down in an incident, and whether its availability was what was promised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.checks.uptime import IllTime


@dataclass(frozen=True)
class Outage:
    """Of one check in one incident: down for so long in all, from the first to the last instant of it.

    `available`: the share, in per cent, of the 30 days before the incident's end; `measured`: of so much of them; both
    None: not known. `target` None: the runbook promises nothing."""

    check: str
    down: timedelta
    since: datetime
    until: datetime
    available: float | None = None
    measured: timedelta | None = None
    target: float | None = None


def outage(check: str, times: Iterable[IllTime], begins: datetime, ends: datetime) -> Outage | None:
    """What of these lies within the incident; None: it was not down in it."""
    down = [(max(one.begin, begins), min(one.end, ends)) for one in times if one.state == "down"]
    within = [(since, until) for since, until in down if since < until]
    if not within:
        return None
    lengths = [until - since for since, until in within]
    return Outage(check, sum(lengths, timedelta()), within[0][0], within[-1][1])

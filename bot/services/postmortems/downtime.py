"""How long each check was down during an incident, from the stored looks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.checks.uptime import KEPT_FOR, STANDS_FOR, ill_times
from bot.domain.postmortems.downtime import Outage, outage
from bot.runbook.health import Check, HealthSettings
from bot.store.checks import checks
from bot.store.pipelined import Connection

COMPARED = timedelta(days=30)


async def outages(
    conn: Connection, health: HealthSettings, begins: datetime, ends: datetime, *, now: datetime
) -> Sequence[Outage] | None:
    """Outages of the checks that were down, in the runbook's order. None: looks from then have been deleted."""
    if begins < now - KEPT_FOR:
        return None
    down = await checks.down_between(conn, list(health.checks), begins - STANDS_FOR * health.every, ends)
    found = [await _outage(conn, health, health.checks[name], begins, ends) for name in health.checks if name in down]
    return [one for one in found if one]


async def _outage(
    conn: Connection, health: HealthSettings, check: Check, begins: datetime, ends: datetime
) -> Outage | None:
    longest = STANDS_FOR * health.every
    looks = await checks.looks(conn, check.key, since=begins - longest, until=ends)
    found = outage(check.key, ill_times(looks, longest=longest, now=ends), begins, ends)
    if found is None:
        return None
    [month] = (await checks.availability(conn, [check.key], [COMPARED], now=ends))[check.key]
    target = health.availability_of(check)
    return replace(found, available=month.available, measured=month.measured, target=target)

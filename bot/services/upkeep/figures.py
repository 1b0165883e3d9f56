"""Figures: what is open, waiting to be sent or overdue, and which process holds it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.backups.restore import COUNTED_FOR
from bot.metrics import Figures, LimitedWay
from bot.slack.gateway import Gateway
from bot.store import requests
from bot.store.backups import restores
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox import outbox
from bot.store.paging import escalations, pages
from bot.store.pipelined import Connection
from bot.store.rooms import closures
from bot.store.upkeep import backlog

ON_TIME = timedelta(0)
# All delivery kinds together.
OUTBOX = "outbox"


# Slack's limits apply to one channel or method; each process knows only those it has met.
SLACK = "slack"


async def figures(db: Database, clock: Clock, gateway: Gateway) -> Figures:
    """All figures, read in one transaction. Raises Unreachable."""
    async with db.watch() as conn:
        open_ones = await incidents.open_counts(conn)
        leaving = await outbox.unfinished(conn)
        paged = await pages.counts(conn)
        recovered = await restores.recoveries(conn, clock.now() - COUNTED_FOR)
        urgent = await _urgent(conn, clock.now())
    return replace(
        urgent,
        limited=limited_ways(urgent, gateway),
        incidents_open={(row["severity"], row["drill"]): row["count"] for row in open_ones},
        pages={(row["via"], row["state"]): row["count"] for row in paged},
        unfinished={(row["kind"], row["state"]): row["count"] for row in leaving},
        recoveries={
            (one.name, one.what, kind): count
            for one in recovered
            for kind, count in (("none", one.unpromised), ("met", one.met), ("missed", one.missed))
            if count
        },
    )


async def urgent_figures(db: Database, clock: Clock) -> Figures:
    """Only armed ladders, overdue rows and leases: cheap enough for every second. Raises Unreachable."""
    async with db.watch() as conn:
        return await _urgent(conn, clock.now())


def limited_ways(known: Figures, gateway: Gateway) -> Mapping[str, LimitedWay]:
    """Adds Slack, if it has told this process to wait."""
    slack = gateway.limited
    return {**known.limited, SLACK: slack} if slack else known.limited


async def _urgent(conn: Connection, now: datetime) -> Figures:
    return Figures(
        escalations_armed=await escalations.armed(conn),
        overdue=await overdue(conn, now),
        in_hand=await backlog.in_hand(conn, now),
        closed=await closures.closed(conn),
        set_aside={one.key: str(one) for one in await requests.all_set_aside(conn)},
        limited={
            one.way: LimitedWay(one.again_at, one.said) for one in await outbox.limits(conn, now) if one.again_at > now
        },
    )


async def overdue(conn: Connection, now: datetime) -> Mapping[str, timedelta]:
    """How overdue the oldest row of each kind is, and that of the whole outbox; zero when none is."""
    behind = {"escalations": ON_TIME, "requests": ON_TIME, OUTBOX: ON_TIME}
    for one in await backlog.oldest(conn):
        by = max(now - one.due_at, ON_TIME)
        behind[one.kind] = by
        if one.is_outbox:
            behind[OUTBOX] = max(behind[OUTBOX], by)
    return behind

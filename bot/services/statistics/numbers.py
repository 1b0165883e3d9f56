"""A period's statistics: the database counts, and this puts the counts together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.clock import Clock
from bot.domain.statistics.numbers import (
    PAIRS,
    PROMISES,
    Availability,
    Counts,
    Kept,
    LeftOut,
    Noise,
    Numbers,
    PagedPerson,
    Recovery,
    Spread,
)
from bot.domain.statistics.period import Period, last_days, period_of
from bot.runbook import Runbook
from bot.store.checks import checks
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.rows import Row
from bot.store.statistics import statistics

DEADLINES: Mapping[str, str] = {"respond": "acknowledged", "resolve": "resolved"}


class Statistics:
    """Drills never count, except in the number of those left out."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        # Counting holds a connection that pages need too, so never take more than one.
        self._one_at_a_time = asyncio.Lock()

    async def said(self, words: str) -> Numbers:
        """For a period as somebody typed it. Raises Refused if it can't be read."""
        return await self.of(period_of(words, self._clock.now(), self._runbook.timezone))

    async def of_days(self, days: int) -> Numbers:
        """For the last `days` days. Raises Refused."""
        return await self.of(last_days(days, self._clock.now()))

    async def of(self, period: Period) -> Numbers:
        """For this period; an incident belongs to the one in which it was declared."""
        async with self._one_at_a_time, self._db.transaction() as conn:
            found = await statistics.count(
                conn,
                period,
                str(self._runbook.timezone),
                now=self._clock.now(),
                rhythms=self._rhythms(),
                objectives={name: backup.rpo for name, backup in self._runbook.backups.items()},
            )
            availability = await self._availability(conn, period)
        return _numbers(period, found, availability, self._runbook.severity_ids)

    def _rhythms(self) -> dict[str, Any]:
        """Update intervals of severities that don't count in working hours, by id: here all waits are elapsed time."""
        hours = self._runbook.hours_of
        found = {one.id: one.update_every for one in self._runbook.severities if not hours(one)}
        return {severity: every for severity, every in found.items() if every}

    async def _availability(self, conn: Connection, period: Period) -> list[Availability]:
        names = list(self._runbook.health.checks)
        found = await checks.availability(conn, names, [period.span], now=period.until) if names else {}
        return [
            Availability(name, found[name][0].available, found[name][0].measured) for name in names if name in found
        ]


def _numbers(
    period: Period,
    found: Mapping[str, Sequence[Row]],
    availability: Sequence[Availability],
    severities: Sequence[str],
) -> Numbers:
    """`severities`: ids, most severe first."""
    spreads, by_severity = _times(found["times"])
    counts, private = _counts(found["counts"], severities)
    return Numbers(
        period=period,
        counts=counts,
        times=spreads,
        times_by_severity=by_severity,
        promises=_promises(found),
        people=[PagedPerson(**row) for row in found["people"]],
        noise=Noise(**found["noise"][0]),
        availability=availability,
        recoveries=[Recovery(**row) for row in found["recoveries"]],
        rpo={row["name"]: Kept(row["kept"], row["missed"]) for row in found["gaps"]},
        left_out=LeftOut(found["drills"][0]["count"], private, counts.open),
    )


def _counts(rows: Sequence[Row], severities: Sequence[str]) -> tuple[Counts, int]:
    """The counts, and how many incidents are private. Severities no longer in the runbook come last."""
    by: dict[str, dict[Any, int]] = {"severity": {}, "source": {}, "hour": {}}
    total: Row = {"count": 0, "open": 0, "private": 0, "reopened": 0, "dated": 0}
    for row in rows:
        name = next((name for name in by if row[name] is not None), None)
        if name:
            by[name][row[name]] = row["count"]
        else:
            total = row
    hours = dict(sorted(by["hour"].items()))
    in_order = [one for one in (*severities, *by["severity"]) if one in by["severity"]]
    of_severity = {one: by["severity"][one] for one in in_order}
    counted = Counts(total["count"], total["open"], total["reopened"], of_severity, by["source"], hours, total["dated"])
    return counted, total["private"]


def _times(rows: Sequence[Row]) -> tuple[dict[str, Spread], dict[str, dict[str, Spread]]]:
    spreads: dict[str, Spread] = {}
    by_severity: dict[str, dict[str, Spread]] = {}
    for row in rows:
        spread = Spread(row["n"], row["median"], row["mean"], row["p90"])
        own = by_severity.setdefault(row["severity"], {}) if row["severity"] is not None else spreads
        own[row["name"]] = spread
    ordered = {severity: _in_order(by_severity[severity]) for severity in sorted(by_severity)}
    return _in_order(spreads), ordered


def _in_order(spreads: Mapping[str, Spread]) -> dict[str, Spread]:
    return {name: spreads[name] for name in PAIRS if name in spreads}


def _promises(found: Mapping[str, Sequence[Row]]) -> dict[str, Kept]:
    kept = {DEADLINES[row["kind"]]: _kept(row) for row in found["deadlines"]}
    kept |= {row["what"]: _kept(row) for row in found["afterwards"]}
    kept["updates"] = _kept(found["updates"][0])
    return {name: kept.get(name, Kept()) for name in PROMISES}


def _kept(row: Row) -> Kept:
    return Kept(row["kept"], row["missed"], row.get("open", 0))

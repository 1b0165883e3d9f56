"""The statistics of a period, counted by the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.statistics.numbers import FLAPS, FLAPS_WITHIN, NIGHT_BEGINS, NIGHT_ENDS
from bot.domain.statistics.period import Period
from bot.store.pipelined import Connection
from bot.store.queries import Queries, ask_all
from bot.store.rows import Row, as_json

SQL = Queries(__file__)


async def count(
    conn: Connection,
    period: Period,
    zone: str,
    *,
    now: datetime,
    rhythms: Mapping[str, timedelta],
    objectives: Mapping[str, timedelta],
) -> dict[str, list[Row]]:
    """The rows of each statement, by its name, all queried in one round trip.

    `now`: deadlines after it may still be met. `rhythms`: how often each severity promises updates; `objectives`: RPOs.
    """
    within = {"since": period.since, "until": period.until, "now": now}
    asked: dict[str, Mapping[str, Any]] = {
        "counts": {**within, "zone": zone},
        "drills": within,
        "times": within,
        "deadlines": within,
        "updates": {**within, "rhythms": _spans(rhythms, "severity", "promised")},
        "afterwards": within,
        "people": {**within, "night_begins": NIGHT_BEGINS, "night_ends": NIGHT_ENDS, "zone": zone},
        "noise": {**within, "flaps": FLAPS, "flaps_within": FLAPS_WITHIN},
        "recoveries": within,
        "gaps": {**within, "objectives": _spans(objectives, "name", "rpo")},
    }
    found = await ask_all(conn, *((SQL, name, values) for name, values in asked.items()))
    return dict(zip(asked, found, strict=True))


def _spans(spans: Mapping[str, timedelta], key: str, value: str) -> Any:
    """One row for each, with these two columns."""
    return as_json([{key: name, value: str(span)} for name, span in spans.items()])

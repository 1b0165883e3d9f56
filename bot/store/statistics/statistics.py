"""The numbers of a period, as the database counts them."""

from collections.abc import Mapping
from datetime import timedelta
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
    rhythms: Mapping[str, timedelta],
    objectives: Mapping[str, timedelta],
) -> dict[str, list[Row]]:
    """The rows of each statement by its name, all asked in one trip.

    `rhythms`: how often a severity promises updates; `objectives`: the RPO of each backup.
    """
    within = {"since": period.since, "until": period.until}
    promised = as_json([{"severity": one, "promised": str(every)} for one, every in rhythms.items()])
    wanted = as_json([{"name": name, "rpo": str(rpo)} for name, rpo in objectives.items()])
    asked: dict[str, Mapping[str, Any]] = {
        "counts": {**within, "zone": zone},
        "drills": within,
        "times": within,
        "deadlines": within,
        "updates": {**within, "rhythms": promised},
        "afterwards": within,
        "people": {**within, "night_begins": NIGHT_BEGINS, "night_ends": NIGHT_ENDS, "zone": zone},
        "noise": {**within, "flaps": FLAPS, "flaps_within": FLAPS_WITHIN},
        "recoveries": within,
        "gaps": {**within, "objectives": wanted},
    }
    found = await ask_all(conn, *((SQL, name, values) for name, values in asked.items()))
    return dict(zip(asked, found, strict=True))

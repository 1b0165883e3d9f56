"""Does a PostgreSQL answer, how fast, and has it connections left?"""

from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from bot.domain.check import Finding, no_answer, paced, uncrowded
from bot.domain.saying import cause_of
from bot.probes._look import Stopwatch, within
from bot.runbook.health import PostgresqlCheck

KIND = "postgresql"


async def probe(check: PostgresqlCheck) -> Finding:
    watch = Stopwatch()
    try:
        used, most = await _connections(check)
    except (psycopg.Error, OSError) as error:
        return no_answer(cause_of(str(error), check.target.redactions()) or type(error).__name__, watch.elapsed)
    finding = Finding("healthy", f"{used} of {most} connections", watch.elapsed)
    return uncrowded(paced(finding, check.slow), used, most, check.connections_below)


def expects(check: PostgresqlCheck) -> str:
    parts = [
        f"answers {within(check.slow)}".strip(),
        f"connections below {check.connections_below:g}%" if check.connections_below else "",
    ]
    return ", ".join(part for part in parts if part)


async def _connections(check: PostgresqlCheck) -> tuple[int, int]:
    """In use and at most; raises psycopg.Error."""
    question = Path(__file__).with_suffix(".sql").read_bytes()
    conn = await AsyncConnection.connect(check.target.reveal(), autocommit=True, application_name="tocsin health")
    try:
        row = await (await conn.execute(question)).fetchone()
    finally:
        await conn.close()
    assert row is not None
    return row[0], row[1]

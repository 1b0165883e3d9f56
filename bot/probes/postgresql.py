"""Checks a PostgreSQL: does it answer, how fast, has it free connections, and what is it busy with?"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from bot.domain.backups.backup import size_shown
from bot.domain.checks.check import ProbeResult, no_answer, pace_shown, paced, uncrowded, worsened
from bot.domain.saying import cause_of
from bot.probes._look import NonsenseError, Stopwatch, within
from bot.runbook import duration_read
from bot.runbook.health import PostgresqlCheck
from bot.wire.opening import opened

KIND = "postgresql"
MEASURES = "ms until the answer"
NO_TIME = timedelta(0)


@dataclass(frozen=True)
class ServerState:
    """`longest_query` None: none is running, or this account may not see it. `behind` None: not a standby.

    `replicas_behind` None: no replicas, or this account may not see them.
    """

    used: int
    most: int
    longest_query: timedelta | None
    behind: timedelta | None
    replicas: int
    replicas_behind: timedelta | None
    size: int

    @property
    def is_sound(self) -> bool:
        """Have the values the right types? Something else may be listening there."""
        counts = (self.used, self.most, self.replicas, self.size)
        times = (self.longest_query, self.behind, self.replicas_behind)
        return all(isinstance(count, int) for count in counts) and all(
            isinstance(time, timedelta | None) for time in times
        )

    @property
    def lag(self) -> timedelta | None:
        """The lag of this server, or of its slowest replica; None if neither applies."""
        return max((lag for lag in (self.behind, self.replicas_behind) if lag is not None), default=None)


async def probe(check: PostgresqlCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        seen = await _look(check)
    except (psycopg.Error, OSError) as error:
        return no_answer(cause_of(str(error), check.target.redactions()) or type(error).__name__, watch.elapsed)
    except NonsenseError:
        return no_answer("it answers what no PostgreSQL would", watch.elapsed)
    finding = paced(ProbeResult("healthy", _value(seen), watch.elapsed), check.slow)
    return judged(uncrowded(finding, seen.used, seen.most, check.connections_below), check, seen)


def expects(check: PostgresqlCheck) -> str:
    parts = [
        f"answers {within(check.slow)}".strip(),
        f"connections below {check.connections_below:g}%" if check.connections_below else "",
        f"queries below {duration_read(check.query_below)}" if check.query_below else "",
        f"lag below {duration_read(check.lag_below)}" if check.lag_below else "",
    ]
    return ", ".join(part for part in parts if part)


async def _look(check: PostgresqlCheck) -> ServerState:
    """Raises psycopg.Error, NonsenseError."""
    question = Path(__file__).with_suffix(".sql").read_bytes()
    opening = AsyncConnection.connect(check.target.reveal(), autocommit=True, application_name="tocsin health")
    conn = await opened(opening, lambda conn: conn.pgconn.finish())
    try:
        seen = await (await conn.cursor(row_factory=class_row(ServerState)).execute(question)).fetchone()
    except (TypeError, ValueError) as error:
        # Wrong columns, or bytes that aren't text.
        raise NonsenseError from error
    finally:
        await conn.close()
    if seen is None or not seen.is_sound:
        raise NonsenseError
    return seen


def judged(finding: ProbeResult, check: PostgresqlCheck, seen: ServerState) -> ProbeResult:
    """Degraded if a query runs for too long, or if replication lags too far."""
    query, lag = seen.longest_query, seen.lag
    if check.query_below and query and query >= check.query_below:
        wanted = duration_read(check.query_below)
        finding = worsened(finding, f"a query has run for {pace_shown(query)}, wanted below {wanted}")
    if check.lag_below and lag and lag >= check.lag_below:
        wanted = duration_read(check.lag_below)
        finding = worsened(finding, f"replication is {pace_shown(lag)} behind, wanted below {wanted}")
    return finding


def _value(seen: ServerState) -> str:
    facts = [
        f"{seen.used} of {seen.most} connections",
        f"longest query {pace_shown(seen.longest_query)}" if seen.longest_query else "",
        f"standby, {pace_shown(seen.behind)} behind" if seen.behind is not None else "",
        _replicas(seen) if seen.replicas else "",
        size_shown(seen.size),
    ]
    return ", ".join(fact for fact in facts if fact)


def _replicas(seen: ServerState) -> str:
    behind = f", {pace_shown(seen.replicas_behind)} behind" if seen.replicas_behind is not None else ""
    return f"{seen.replicas} replica{'' if seen.replicas == 1 else 's'}{behind}"

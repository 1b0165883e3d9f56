"""The table of ladders; each row's due time is a timer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.domain.paging.escalation import Ladder, Policy, State
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)

OF_LADDER = ("policy", "state", "run", "loop", "step", "next_at", "round", "again_at")


@dataclass(frozen=True)
class Escalation:
    """A ladder with its history. `reach_by`: when to check whether the last step reached anybody; `round` and
    `again_at` as in Ladder.

    `planned_at`: when `next_at` or `again_at` was last chosen, for a ladder that keeps working hours.
    `snoozed_through`: id of the last page held by the snooze; later pages are sent despite it.
    """

    incident_id: int
    run: int
    policy: Policy
    state: State
    loop: int
    step: int
    next_at: datetime | None
    reach_by: datetime | None
    last_tier: str | None
    last_step_at: datetime | None
    last_called_by: str | None
    last_called_at: datetime | None
    calls: int
    snoozed_until: datetime | None
    snoozed_at: datetime | None
    planned_at: datetime | None = None
    round: int = 1
    again_at: datetime | None = None
    snoozed_through: int | None = None

    @property
    def ladder(self) -> Ladder:
        return Ladder(**{name: getattr(self, name) for name in OF_LADDER})

    def climbs_at(self, now: datetime) -> bool:
        """May the ladder climb on its own now?"""
        return self.state == "climbing" and not self.is_snoozed_at(now)

    def is_snoozed_at(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now

    def moved_to(self, ladder: Ladder, **changes: Any) -> "Escalation":
        own = {name: getattr(ladder, name) for name in OF_LADDER}
        return replace(self, **own, **changes)

    def planned(self, ladder: Ladder, now: datetime, **changes: Any) -> "Escalation":
        """As `moved_to`, for a next step or round whose time was chosen now."""
        return self.moved_to(ladder, planned_at=now if ladder.policy.hours else None, **changes)


async def arm(conn: Connection, incident_id: int, policy: Policy, now: datetime) -> Escalation:
    """Create the ladder of a new incident, its first step due as soon as possible, locked for this transaction."""
    kept, planned_at = Jsonb(policy.as_json()), now if policy.hours else None
    await SQL.run(conn, "arm", incident_id=incident_id, policy=kept, next_at=policy.begins(now), planned_at=planned_at)
    return await lock(conn, incident_id)


async def get(conn: Connection, incident_id: int) -> Escalation:
    return as_kept(await SQL.the(conn, "get", incident_id=incident_id))


async def lock(conn: Connection, incident_id: int) -> Escalation:
    return as_kept(await SQL.the(conn, "lock", incident_id=incident_id))


async def claim_due(conn: Connection, now: datetime, limit: int, *, believed: datetime) -> list[Row]:
    """The ladders overdue longest, locked for this transaction, as raw rows.

    `believed`: what the database's clock should show; while it differs, none is claimed. `as_kept` parses a row; one it
    can no longer parse still has its `incident_id`, so that it can be set aside.
    """
    return await SQL.all(conn, "claim_due", now=now, limit=limit, believed=believed)


async def save(conn: Connection, escalation: Escalation) -> None:
    """Write it with the commit."""
    row = vars(escalation) | {"policy": escalation.policy.as_json()}
    await SQL.defer(conn, "save", once=escalation.incident_id, **row)


async def push_ahead(conn: Connection, incident_id: int, *, now: datetime, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", incident_id=incident_id, now=now, until=until)


def due_rows() -> DueRows:
    return DueRows(SQL)


def tell_next_look(
    conn: Connection, on_answer: Callable[[datetime | None], None], *, now: datetime, again_at: datetime
) -> None:
    """Query, as of the commit, when the next ladder after `now` is due; `again_at` if some are due that others hold."""
    SQL.at_commit(conn, "next_look", lambda rows: on_answer(rows[0]["due_at"]), now=now, again_at=again_at)


async def armed(conn: Connection) -> int:
    """How many ladders have a step or a reach check ahead."""
    return int((await SQL.the(conn, "armed"))["armed"])


async def look_now(
    conn: Connection, incident_ids: Iterable[int], now: datetime, *, accepted: Iterable[int] = ()
) -> None:
    """Judge the reach of the last steps at once, if they are still open once these pages are `accepted`."""
    await SQL.run(conn, "look_now", incident_ids=sorted(incident_ids), now=now, accepted=sorted(accepted))


async def look_again(conn: Connection, incident_id: int, now: datetime) -> None:
    """Judge the reach of the last step again: one of its accepted pages never arrived."""
    await SQL.run(conn, "look_again", incident_id=incident_id, now=now)


def as_kept(row: Row) -> Escalation:
    fields = {name: value for name, value in row.items() if name != "due_at"}
    return Escalation(**fields | {"policy": Policy.from_json(row["policy"])})

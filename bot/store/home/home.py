"""What waits for somebody, what was last rehearsed, and whether anything the App Home shows has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.backups.restore import Restore
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import Action
from bot.domain.postmortems.postmortem import Postmortem
from bot.domain.tasks.task import Task
from bot.domain.updates.update import Update
from bot.store.backups import restores
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems
from bot.store.queries import Queries, ask_all

SQL = Queries(__file__)


@dataclass(frozen=True)
class Box:
    """The box at this place of the checklist with this id and name."""

    checklist: int
    name: str
    place: int
    what: str
    due_at: datetime
    incident_id: int


@dataclass(frozen=True)
class Waiting:
    """What waits for one person; `updates` and `restores` wait for anybody who may approve them. The first due comes
    first.

    `incidents`: those the others belong to, by number.
    """

    unanswered: Sequence[Incident]
    tasks: Sequence[Task]
    boxes: Sequence[Box]
    actions: Sequence[Action]
    postmortems: Sequence[Postmortem]
    updates: Sequence[Update]
    restores: Sequence[Restore]
    incidents: dict[int, Incident]


@dataclass(frozen=True)
class Rehearsed:
    """When each was last done; None: never. `tested`: by person, when a test page was last accepted."""

    incident_at: datetime | None
    restored_at: datetime | None
    tested: dict[str, datetime]


async def waiting(conn: Connection, names: Sequence[str], now: datetime, limit: int) -> Waiting:
    """`names`: every name this person is known by."""
    mine = {"names": list(names), "limit": limit}
    pages, given, boxes, actions, owned, updates, asked = await ask_all(
        conn,
        (SQL, "unanswered", {"names": list(names)}),
        (SQL, "tasks", mine),
        (SQL, "boxes", mine),
        (SQL, "actions", mine),
        (SQL, "postmortems", mine),
        (SQL, "updates", {"limit": limit}),
        (SQL, "restores", {"now": now, "limit": limit}),
    )
    ids = {row["incident_id"] for rows in (given, boxes, actions, owned, updates) for row in rows if row["incident_id"]}
    known = await SQL.all(conn, "of_incidents", ids=sorted(ids)) if ids else []
    return Waiting(
        [Incident(**row) for row in pages],
        [Task(**row) for row in given],
        [Box(**row) for row in boxes],
        [Action(**row) for row in actions],
        [postmortems.as_kept(row) for row in owned],
        [Update(**row) for row in updates],
        [restores.as_kept(row) for row in asked],
        {row["id"]: Incident(**row) for row in known},
    )


async def rehearsed(conn: Connection) -> Rehearsed:
    drill, restored, tested = await ask_all(conn, (SQL, "rehearsed", {}), (SQL, "restored", {}), (SQL, "tested", {}))
    return Rehearsed(drill[0]["at"], restored[0]["at"], {row["person"]: row["at"] for row in tested})


async def signs(conn: Connection, now: datetime) -> tuple[object, ...]:
    """A fingerprint: equal to the previous one as long as nothing has changed."""
    return tuple((await SQL.the(conn, "signs", now=now)).values())


async def watch(conn: Connection, account: str, name: str, *, until: datetime, drawn: str) -> None:
    """This person has the App Home open, drawn from the state with this digest."""
    await SQL.run(conn, "watch", account=account, name=name, until=until, drawn=drawn)


async def viewers(conn: Connection, now: datetime, limit: int) -> list[tuple[str, datetime]]:
    """(account, until) of those who have it open, the last to open it first; forgets expired ones."""
    await SQL.run(conn, "forget_viewers", now=now)
    rows = await SQL.all(conn, "viewers", now=now, limit=limit)
    return [(row["account"], row["until"]) for row in rows]


async def draw_anew(conn: Connection, accounts: Sequence[str], drawn: str) -> list[str]:
    """Claim those of these whose App Home was not drawn from this digest: each goes to one process."""
    return [row["account"] for row in await SQL.all(conn, "draw_anew", accounts=list(accounts), drawn=drawn)]

"""Many open incidents whose next step has its time: put into the database and into Slack without being declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from bench.stage import RUNBOOK
from bot.runbook import load
from bot.sandbox.model import Channel, Message
from bot.sandbox.workspace import Workspace
from bot.services.paging.policies import policy_of
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Rooms:
    """The incidents' channels in Slack, and the card that stands in each."""

    ids: list[str]
    names: list[str]
    stamps: list[str]


def rooms(workspace: Workspace, count: int, name: str) -> Rooms:
    """Channels that the bot has opened, each with the card it has posted there. Slack tells nobody of them."""
    made = [_room(workspace, f"{name}-{number}") for number in range(1, count + 1)]
    return Rooms([one.id for one in made], [one.name for one in made], [one.messages[0].ts for one in made])


def _room(workspace: Workspace, name: str) -> Channel:
    bot, stamps = workspace.bot.id, workspace.stamps
    room = Channel(workspace.ids.next("C"), name, "public", bot, stamps.seconds(), [bot])
    room.add(Message(stamps.next(), room.id, bot, "The card", by_bot=True))
    return workspace.conversations.adopt(room)


async def arm(
    conn: Connection,
    where: Rooms,
    now: datetime,
    due_at: Sequence[datetime],
    ladders: Sequence[Mapping[str, object]] | None = None,
) -> list[int]:
    """One incident for each room, its second step due at that time; returns their numbers. The bell rings once.

    `ladders`: the policy of each; None = that of the runbook of the measurements.
    """
    policies = [Jsonb(one) for one in ladders or [_usual_ladder()] * len(due_at)]
    async with conn.transaction():
        own = {"now": now, "room_ids": where.ids, "room_names": where.names}
        ids = [row["id"] for row in await SQL.all(conn, "incidents", declarer="eve", **own)]
        await SQL.run(conn, "timeline", ids=ids, declarer="eve", now=now)
        await SQL.run(conn, "pages", ids=ids, contact="U0ADA", now=now)
        await SQL.run(conn, "cards", ids=ids, room_ids=where.ids, stamps=where.stamps)
        await SQL.run(conn, "escalations", ids=ids, policies=policies, due_at=list(due_at), now=now)
    return ids


def _usual_ladder() -> Mapping[str, object]:
    runbook = load(RUNBOOK, {})
    return policy_of(runbook, runbook.default_severity).as_json()


async def due_times(conn: Connection, ids: list[int]) -> dict[int, datetime]:
    """When the second page of each incident was due, by page."""
    return {row["id"]: row["due_at"] for row in await SQL.all(conn, "second_pages", ids=ids)}

"""Many open incidents with a next step due at a given time, written directly to the database and Slack."""

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
    """The incidents' channels in Slack, and the card in each."""

    ids: list[str]
    names: list[str]
    stamps: list[str]


def rooms(workspace: Workspace, count: int, name: str) -> Rooms:
    """Channels created by the bot, each with its card, without Slack events."""
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
    """One incident per room, its second step due at the given time; returns their ids. Notifies the bot once.

    `ladders`: the policy of each incident; None: that of the benchmark runbook.
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
    """When each incident's second page was due, by page id."""
    return {row["id"]: row["due_at"] for row in await SQL.all(conn, "second_pages", ids=ids)}

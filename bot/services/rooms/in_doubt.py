"""Follow-up for Slack calls of unknown outcome: Slack may still carry out a request that it did not answer."""

from collections.abc import Mapping
from datetime import timedelta

from bot.services.outbox.kinds import ALERT_CARD, ROOM, UPDATE
from bot.services.outbox.outbox import Outbox
from bot.slack.gateway import Posted
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Slack has usually carried out an unanswered request within this, or never will.
DONE_WITHIN = timedelta(minutes=1)
# The second look is for bad hours, when Slack lags by minutes.
LOOKED_AT = (DONE_WITHIN, timedelta(minutes=10))


async def look_for_others(
    conn: Connection, outbox: Outbox, delivery: Delivery, stands: Posted, key: str, *, thread: str | None = None
) -> None:
    """Have all but one message with this key taken back. Does nothing unless an attempt of this delivery was in doubt.

    `thread`: for a reply, the thread it is in.
    """
    if delivery.unsure:
        await look_at_all(conn, outbox, delivery, stands, key, thread=thread)


async def look_at_all(
    conn: Connection, outbox: Outbox, delivery: Delivery, stands: Posted, key: str, *, thread: str | None = None
) -> None:
    """`look_for_others`, regardless of this delivery's own outcome. If `stands` has no `ts`, none is kept."""
    place = {"channel": stands.channel, "ts": stands.ts, "thread": thread}
    since = delivery.created_at.isoformat()
    await look_again(conn, outbox, delivery, "second_look", {**place, "key": key, "since": since})


async def edit_again(conn: Connection, outbox: Outbox, delivery: Delivery) -> None:
    """Edit again, as a late edit would show an old state. Does nothing unless an attempt of this was in doubt."""
    if delivery.unsure:
        await look_again(conn, outbox, delivery, "second_look", dict(delivery.payload))


async def do_again(
    conn: Connection,
    outbox: Outbox,
    delivery: Delivery,
    kind: str,
    payload: Mapping[str, object],
    *,
    key: str | None = None,
    lane: str | None = None,
) -> None:
    """Have something done again that a late call would undo, if it is still wanted by then.

    Does nothing unless an attempt of this delivery was in doubt.
    """
    if delivery.unsure:
        priority = ROOM if key is None else UPDATE
        again = {"kind": kind, "payload": payload, "key": key, "lane": lane, "priority": priority}
        await look_again(conn, outbox, delivery, "second_look", {"again": again})


async def look_again(
    conn: Connection, outbox: Outbox, delivery: Delivery, kind: str, payload: Mapping[str, object]
) -> None:
    """Put in deliveries of this kind, to look at what Slack has done by then."""
    for wait in LOOKED_AT:
        at = delivery.created_at + outbox.waited(delivery) + wait
        await outbox.put(conn, kind, payload, priority=ALERT_CARD, not_before=at)

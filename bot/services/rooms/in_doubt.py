"""What is put in for whatever was asked of Slack more than once: it may yet do what it gave no answer to."""

from collections.abc import Mapping
from datetime import timedelta

from bot.services.outbox.kinds import ALERT_CARD, ROOM, UPDATE
from bot.services.outbox.outbox import Outbox
from bot.slack.gateway import Posted
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# What Slack was asked for, and gave no answer to, it has mostly done by then, or never will.
DONE_WITHIN = timedelta(minutes=1)
# In bad hours it lags behind by minutes.
LOOKED_AT = (DONE_WITHIN, timedelta(minutes=10))


async def look_for_others(
    conn: Connection, outbox: Outbox, delivery: Delivery, stands: Posted, key: str, *, thread: str | None = None
) -> None:
    """Of the messages with this key, one stays. Nothing, unless an attempt of this delivery was in doubt.

    `thread`: that of a reply.
    """
    if delivery.unsure:
        await look_at_all(conn, outbox, delivery, stands, key, thread=thread)


async def look_at_all(
    conn: Connection, outbox: Outbox, delivery: Delivery, stands: Posted, key: str, *, thread: str | None = None
) -> None:
    """As `look_for_others`, whatever this delivery itself came to; where nothing `stands`, with no `ts`, none stays."""
    place = {"channel": stands.channel, "ts": stands.ts, "thread": thread}
    since = delivery.created_at.isoformat()
    await look_again(conn, outbox, delivery, "second_look", {**place, "key": key, "since": since})


async def edit_again(conn: Connection, outbox: Outbox, delivery: Delivery) -> None:
    """An edit that comes late would show what was true before. Nothing, unless an attempt of this was in doubt."""
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
    """What comes late would undo what was done since: this does that again, if it is still meant to be then.

    Nothing, unless an attempt of this delivery was in doubt.
    """
    if delivery.unsure:
        priority = ROOM if key is None else UPDATE
        again = {"kind": kind, "payload": payload, "key": key, "lane": lane, "priority": priority}
        await look_again(conn, outbox, delivery, "second_look", {"again": again})


async def look_again(
    conn: Connection, outbox: Outbox, delivery: Delivery, kind: str, payload: Mapping[str, object]
) -> None:
    """Have this kind of delivery look at what Slack may have done since."""
    for wait in LOOKED_AT:
        at = delivery.created_at + outbox.waited(delivery) + wait
        await outbox.put(conn, kind, payload, priority=ALERT_CARD, not_before=at)

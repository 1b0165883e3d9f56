"""What is put in for whatever was asked of Slack more than once: it may yet do what it gave no answer to."""

from datetime import timedelta

from bot.services.outbox.kinds import ALERT_CARD
from bot.services.outbox.outbox import Outbox
from bot.slack.gateway import Posted
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# What Slack was asked for, and gave no answer to, it has done by then, or never will.
DONE_WITHIN = timedelta(minutes=1)


async def look_for_others(
    conn: Connection, outbox: Outbox, delivery: Delivery, stands: Posted, key: str, *, thread: str | None = None
) -> None:
    """Of the messages with this key, one stays. Nothing, unless an attempt of this delivery was in doubt.

    `thread`: that of a reply.
    """
    if delivery.unsure:
        place = {"channel": stands.channel, "ts": stands.ts, "thread": thread}
        since = delivery.created_at.isoformat()
        await _put(conn, outbox, delivery, {**place, "key": key, "since": since})


async def edit_again(conn: Connection, outbox: Outbox, delivery: Delivery) -> None:
    """An edit that comes late would show what was true before. Nothing, unless an attempt of this was in doubt."""
    if delivery.unsure:
        await _put(conn, outbox, delivery, dict(delivery.payload))


async def _put(conn: Connection, outbox: Outbox, delivery: Delivery, payload: dict[str, object]) -> None:
    at = delivery.created_at + outbox.waited(delivery) + DONE_WITHIN
    await outbox.put(conn, "second_look", payload, priority=ALERT_CARD, not_before=at)

"""The thread under an alert's card: a line per change, several close together in one message."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.alerts.history import news_of, told_up_to
from bot.rendering import Rendering
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, NotYet, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.in_doubt import look_for_others
from bot.slack.blocks import message
from bot.slack.gateway import Gateway, Posted
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.rooms import cards

# Changes within this share a message, so that a storm is a few messages, not thousands.
A_WHILE = timedelta(seconds=10)
SHOWN = 10


@dataclass(frozen=True)
class History:
    """A message in the thread, covering everything up to `until`."""

    posted: Posted
    thread: str
    until: datetime

    def __str__(self) -> str:
        return str(self.posted)


class AlertHistory(DeliveryKind[History]):
    """Deliveries of kind `alert_history`; each is written only when it leaves."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox, gateway: Gateway, rendering: Rendering) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._gateway = gateway
        self._rendering = rendering

    async def note(self, conn: Connection, group_ids: Iterable[int]) -> None:
        """There is news for the threads of these groups, which are shown in Slack."""
        for group_id in group_ids:
            name = f"history of alert {group_id}"
            payload, due_at = {"alert": group_id}, self._clock.now() + A_WHILE
            await self._outbox.put(conn, "alert_history", payload, priority=UPDATE, key=name, lane=name, due_at=due_at)

    async def send(self, delivery: Delivery) -> History:
        group_id = int(delivery.payload["alert"])
        async with self._db.transaction() as conn:
            standing = await alerts.standing(conn, group_id)
            if standing is None:
                raise NoLongerWanted()
            changed = await alerts.changed_since(conn, group_id, told_up_to(standing.group))
            card = await cards.get(conn, f"alert:{group_id}")
        news = news_of(standing.group, changed)
        if news is None:
            raise NoLongerWanted()
        if card is None:
            raise NotYet("the card is not there yet")
        key = _key(delivery)
        if delivery.unsure and (found := await self._gateway.find_replies(card.channel, card.ts, key)):
            return History(found[0], card.ts, news.until)
        said = message(self._rendering.say("slack/alert_history", group=standing.group, news=news, shown=SHOWN))
        posted = await self._gateway.post(card.channel, said, key=key, thread_ts=card.ts)
        return History(posted, card.ts, news.until)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[History]) -> None:
        if told := outcome.returned:
            await alerts.history_told(conn, int(delivery.payload["alert"]), told.until)
            await look_for_others(conn, self._outbox, delivery, told.posted, _key(delivery), thread=told.thread)


def _key(delivery: Delivery) -> str:
    return f"history {delivery.key}"

"""Announces who is on call now in the incidents channel, at each handover of a schedule set to `announce`."""

from functools import partial

from bot.clock import Clock
from bot.domain.people.schedule import Shift
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted
from bot.services.paging.shift_messages import ShiftMessages
from bot.services.people.people import People
from bot.slack.blocks import Message, message
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery


class ShiftNews(DeliveryKind[Posted]):
    """Deliveries of kind `shift_news`. One overtaken by a further change is dropped: that change has its own."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        messages: ShiftMessages,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._schedules = list(runbook.schedules)
        self._people = people
        self._messages = messages
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> Posted:
        schedule = delivery.payload["schedule"]
        if schedule not in self._schedules:
            raise NoLongerWanted("the runbook has no such schedule any more")
        async with self._db.statement() as conn:
            await self._people.learn_covers(conn)
            shift = self._people.shift(schedule, self._clock.now())
        if shift.person != delivery.payload["took"]:
            raise NoLongerWanted("it has changed hands again")
        written = partial(self._message, schedule, shift)
        return await self._messages.where_announced(delivery, f"shift {delivery.key}", written)

    async def _message(self, schedule: str, shift: Shift) -> Message:
        coming = self._people.shift(schedule, shift.ends)
        return message(self._rendering.say("slack/shift_announced", schedule=schedule, shift=shift, next=coming))

"""The reminder to the next person on call, before the shift begins."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted
from bot.services.paging.shift_messages import ShiftMessages
from bot.services.people.people import People
from bot.slack.blocks import Message, message
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery


class ShiftReminders(DeliveryKind[Posted]):
    """Deliveries of kind `shift_reminder`. Dropped if a cover has overtaken it or the shift has begun."""

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
        schedule, told = delivery.payload["schedule"], delivery.payload["told"]
        begins = datetime.fromisoformat(delivery.payload["begins"])
        if schedule not in self._schedules or begins <= self._clock.now():
            raise NoLongerWanted("it has begun, or the runbook has no such schedule any more")
        async with self._db.statement() as conn:
            await self._people.learn_covers(conn)
            shift = self._people.shift(schedule, begins)
        if shift.person != told:
            raise NoLongerWanted("somebody else has it")
        facts = {"schedule": schedule, "begins": begins, "shift": shift}
        return await self._messages.to_person(delivery, told, f"shift {delivery.key}", partial(self._message, facts))

    async def _message(self, facts: Mapping[str, Any]) -> Message:
        return message(self._rendering.say("slack/shift_ahead", **facts))

"""A heads-up before a shift: what whoever has it next reads."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted
from bot.services.people.people import People
from bot.slack.blocks import message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery


class ShiftReminders(DeliveryKind[Posted]):
    """Deliveries of kind `shift_reminder`. One that a cover has overtaken, or that comes too late, is not sent."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, people: People, gateway: Gateway, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._schedules = list(runbook.schedules)
        self._people = people
        self._gateway = gateway
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
        account = self._people.known_account(told) or await self._people.account(told)
        if not account:
            raise Rejected("no Slack account has this address")
        key = f"shift {delivery.key}"
        if delivery.unsure:
            direct = await self._gateway.open_direct(account)
            if found := await self._gateway.find_posted(direct, key, since=delivery.created_at):
                return found
        words = self._rendering.say("slack/shift_ahead", schedule=schedule, begins=begins, shift=shift)
        return await self._gateway.post(account, message(words), key=key)

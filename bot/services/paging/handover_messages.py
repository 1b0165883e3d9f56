"""The message to somebody who starts or ends a shift: who has it now, until when, and what is open."""

from functools import partial

from bot.clock import Clock
from bot.domain.incidents.incident import by_urgency
from bot.domain.people.schedule import Shift
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.paging.shift_messages import ShiftMessages
from bot.services.people.people import People
from bot.slack.blocks import Message, message
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.paging import shift_notes
from bot.store.paging.shift_notes import ShiftNote
from bot.store.pipelined import Connection

LISTED = 10


class HandoverMessages(DeliveryKind[Posted]):
    """Deliveries of kind `handover`. One overtaken by a further change is dropped; its notes go with the next one sent
    to the incoming person."""

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
        self._severities = runbook.severity_ids
        self._people = people
        self._messages = messages
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> Posted:
        schedule, told = delivery.payload["schedule"], delivery.payload["told"]
        if schedule not in self._schedules:
            raise NoLongerWanted("the runbook has no such schedule any more")
        async with self._db.statement() as conn:
            # Another process may have made the cover that this is about.
            await self._people.learn_covers(conn)
            shift = self._people.shift(schedule, self._clock.now())
        if (shift.person == told) != (delivery.payload["took"] == told):
            raise NoLongerWanted("it has changed hands again")
        return await self._messages.to_person(
            delivery, told, f"handover {delivery.key}", partial(self._message, delivery, shift)
        )

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Posted]) -> None:
        if outcome.state == "sent":
            await shift_notes.forget_carried(conn, delivery.id)

    async def _message(self, delivery: Delivery, shift: Shift) -> Message:
        """Lists what is open now, not when it was put in: it may have waited for Slack."""
        schedule = delivery.payload["schedule"]
        async with self._db.statement() as conn:
            found = by_urgency(await incidents.open_ones(conn), self._severities)
            notes = await self._notes(conn, delivery)
        words = self._rendering.say(
            "slack/handover",
            **delivery.payload,
            notes=notes,
            shift=shift,
            next=self._people.next_shift(schedule, self._clock.now()),
            incidents=found[:LISTED],
            more=max(len(found) - LISTED, 0),
        )
        return message(words)

    async def _notes(self, conn: Connection, delivery: Delivery) -> list[ShiftNote]:
        """Notes for the incoming person; for deliveries made by an older version, also the note in the payload."""
        made = delivery.payload
        if made["told"] != made["took"]:
            return []
        own = [ShiftNote(made["gave"], made["note"])] if made.get("note") else []
        return own + await shift_notes.carry(conn, made["schedule"], to=made["told"], delivery=delivery.id)

"""Reminders: an audience is due another update. The room is asked for one in time."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.rooms.posts import Posts
from bot.services.updates.wording import Wordings
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.store.updates.updates import Reminder

AT_ONCE = 100


class Reminders:
    """Of every audience whose words name a time: by its own `update_every`, its severity's, or the latest update's."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, posts: Posts, wordings: Wordings) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._posts = posts
        self._wordings = wordings

    async def make(self, conn: Connection, incident: Incident, audience: Audience, written_at: datetime) -> None:
        """They are told now what was written then, with the next time in it. After the end nobody waits for more."""
        due_at = self._wordings.next_update(incident, audience, written_at) if incident.is_open else None
        if due_at:
            await updates.remind_at(conn, incident.id, audience.key, now=self._clock.now(), due_at=due_at)
        else:
            await updates.forget_reminder(conn, incident.id, audience.key)

    async def take_due(self) -> int:
        """Remind the rooms of what is due, each once, whoever else is at work; returns how many were looked at."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await updates.claim_due_reminders(conn, now=now, limit=AT_ONCE)
            for reminder in due:
                await self._remind(conn, reminder, now)
        return len(due)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await updates.next_due(conn)

    async def _remind(self, conn: Connection, reminder: Reminder, now: datetime) -> None:
        """Again after the same time, until they are told. When it is over and they do not know, once."""
        incident = await incidents.get(conn, reminder.incident_id)
        audience = self._runbook.audiences.get(reminder.audience)
        # Counted from now and not from due_at: after an outage of ours the room is reminded once, not many times.
        again_at = self._wordings.next_update(incident, audience, now) if audience and incident.is_open else None
        if again_at:
            await updates.postpone_reminder(conn, reminder, again_at)
        else:
            await updates.forget_reminder(conn, reminder.incident_id, reminder.audience)
        if audience:
            facts = {"incident": incident, "audience": audience, "reminder": reminder}
            await self._posts.ask_in_room(
                conn, incident, "audience_waits", [tell_button(incident, audience.key)], **facts
            )


def tell_button(incident: Incident, audience: str, *, label: str | None = None) -> Button:
    """Opens the form with the words for this audience."""
    return Button(label or f"Tell {audience}", f"audience.tell#{audience}", f"{incident.id} {audience}")

"""After the end an incident is watched for a while: it can be reopened with one click, and then gets its all-clear."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.deeds import Moment
from bot.services.updates.following import Following
from bot.slack.blocks import Button, message
from bot.store.database import Database
from bot.store.incidents import incidents, watches
from bot.store.incidents.watches import Watch
from bot.store.pipelined import Connection


class Watches(IncidentRound):
    """Controlled by `after_resolution`. Paints `watch:<id>.<resolved at>`: each end has its own message."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, following: Following, cards: Cards, rendering: Rendering
    ) -> None:
        super().__init__(db, clock, watches.ROWS)
        self._after = runbook.after_resolution
        self._following = following
        self._cards = cards
        self._rendering = rendering
        cards.painted_by("watch", self.paint)

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        ended_at, watch_for = incident.resolved_at, self._after.watch_for
        if moment == "resolved" and ended_at and watch_for and not incident.is_test_page:
            await watches.begin(conn, Watch(incident.id, ended_at, ended_at, ended_at + watch_for))
            await self._show(conn, incident.id, ended_at)
        elif moment == "reopened" and (watch := await watches.get(conn, incident.id)):
            await watches.end(conn, incident.id)
            await self._show(conn, incident.id, watch.ended_at)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        watch = await watches.get(conn, incident.id)
        if watch is None or watch.due_at > now:
            return
        await watches.end(conn, incident.id)
        words = self._rendering.say("documents/watch_over", incident=incident)
        await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)
        if self._after.all_clear:
            await self._following.all_clear(conn, incident)
        await self._show(conn, incident.id, watch.ended_at)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        number, _, ended_at = subject.partition(".")
        incident = await incidents.get(conn, int(number))
        is_latest = bool(incident.resolved_at and f"{incident.resolved_at.timestamp():.0f}" == ended_at)
        watch = await watches.get(conn, incident.id) if is_latest else None
        words = self._rendering.say("slack/watch", incident=incident, watch=watch, is_latest=is_latest)
        buttons = [reopen_button(incident)] if is_latest else []
        return await in_room(conn, incident, message(words, buttons))

    async def _show(self, conn: Connection, incident_id: int, ended_at: datetime) -> None:
        await self._cards.touch(conn, f"watch:{incident_id}.{ended_at.timestamp():.0f}", incident=incident_id)


def reopen_button(incident: Incident) -> Button:
    return Button("Reopen", "incident.reopen", str(incident.id))

"""Corrections of when an incident started, was detected and was mitigated."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.milestones import Correctable
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Deeds
from bot.store.incidents import incidents


class Times:
    """Who changed what, and why, is in the timeline."""

    def __init__(self, runbook: Runbook, cards: Cards, deeds: Deeds) -> None:
        self._runbook = runbook
        self._cards = cards
        self._deeds = deeds

    async def correct(
        self, actor: Actor, incident_id: int, given: Mapping[Correctable, datetime | None], why: str = ""
    ) -> Incident:
        """Set all or none; None: back to what the bot recorded. Raises Refused for a time in the future or out of
        order."""
        async with self._deeds.on(actor, incident_id) as (conn, before, now):
            changed = before.corrected(given, now, partial(self._shown, now=now))
            moved = [name for name in given if changed.milestones.at(name) != before.milestones.at(name)]
            if not moved:
                raise AlreadyDone(f"{before.ref} has these times already.")
            if "mitigated" in moved and (reopened_at := await incidents.last_reopened(conn, before.id)):
                changed.must_be_mitigated_after(reopened_at, partial(self._shown, now=now))
            await incidents.correct(conn, changed)
            lines = [self._line(name, before, changed, now) for name in moved]
            words = ", ".join(lines) + (f" ({why.strip()})" if why.strip() else "")
            await incidents.write(conn, before.id, "note", words, actor=actor.name, at=now)
            await self._cards.touch(conn, f"incident:{changed.id}", incident=changed.id)
            await self._deeds.corrected(conn, changed)
        return changed

    async def mitigated_now(self, actor: Actor, incident_id: int) -> Incident:
        """Record that it is mitigated now. Raises AlreadyDone if it was: moving it needs an explicit time."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            at = incident.mitigated_at
            if at is not None:
                shown = time_shown(at, self._runbook.timezone, now)
                raise AlreadyDone(
                    f"{incident.ref} has been mitigated since {shown}. To correct that, type the time: "
                    "`/incident mitigated 14:05`."
                )
            changed = incident.corrected({"mitigated": now}, now, str)
            await incidents.correct(conn, changed)
            await incidents.write(conn, incident.id, "note", "mitigated", actor=actor.name, at=now)
            await self._cards.touch(conn, f"incident:{changed.id}", incident=changed.id)
        return changed

    def _line(self, name: Correctable, before: Incident, changed: Incident, now: datetime) -> str:
        old, new = (one.milestones.at(name) for one in (before, changed))
        instead = f" instead of {self._shown(old, now)}" if old else ""
        return f"{name}: {self._shown(new, now)}{instead}"

    def _shown(self, at: datetime | None, now: datetime) -> str:
        return time_shown(at, self._runbook.timezone, now) if at else "not yet"

"""Checklists: triage begins when the incident is declared; verification and aftercare when it is resolved."""

from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import NotFound
from bot.domain.incidents.incident import Incident
from bot.domain.tasks.checklist import Checklist, Item, begun, timed
from bot.domain.text import either
from bot.runbook import Runbook
from bot.runbook.procedures import CHECKLISTS, ChecklistName
from bot.services.incidents.rounds import IncidentRound
from bot.services.people.permissions import Permissions
from bot.services.rooms.deeds import Deeds, Moment
from bot.services.tasks.checklist_cards import ChecklistCards
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.tasks import checklists


class Checklists(IncidentRound):
    """Ticking or clearing a box is one transaction, idempotent per request, and recorded in the timeline.

    A checklist keeps the items that the runbook had when it was begun.
    """

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        cards: ChecklistCards,
        deeds: Deeds,
        db: Database,
    ) -> None:
        super().__init__(db, clock, checklists.ROWS)
        self._runbook = runbook
        self._permissions = permissions
        self._cards = cards
        self._deeds = deeds

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        now = self._clock.now()
        if incident.is_test_page:
            return
        if moment == "declared":
            await self._begin(conn, incident, "triage", now, posted=True)
        elif moment == "resolved":
            verification = await self._begin(conn, incident, "verification", now, posted=True)
            if verification and verification.open_items:
                await self._post(conn, verification, now)
            await self._begin(conn, incident, "aftercare", now, posted=True)
        elif moment == "reopened":
            await self._close(conn, incident, now)

    async def set(self, actor: Actor, checklist_id: int, place: int, *, ticked: bool) -> Checklist:
        """Tick a box, or clear it. Raises Refused."""
        self._permissions.must(actor, "runbook.tick")
        found = await self.find(checklist_id)
        async with self._deeds.on(actor, found.incident_id) as (conn, incident, now):
            before = await checklists.get(conn, checklist_id)
            before.must_count()
            item = before.item(place).ticked(actor.name, now) if ticked else before.item(place).unticked()
            await checklists.save_item(conn, checklist_id, item)
            await self._write(conn, incident, before, "ticked" if ticked else "cleared", actor, now, item)
            changed = await checklists.get(conn, checklist_id)
            await self._cards.show(conn, changed)
        return changed

    async def waive(self, actor: Actor, checklist_id: int, why: str) -> Checklist:
        """Give up its open boxes, which stay open. Raises Refused."""
        self._permissions.must(actor, "runbook.tick")
        found = await self.find(checklist_id)
        async with self._deeds.on(actor, found.incident_id) as (conn, incident, now):
            changed = (await checklists.get(conn, checklist_id)).waived(actor.name, why, now)
            await checklists.save(conn, changed)
            await self._write(conn, incident, changed, "waived", actor, now)
            await self._cards.show(conn, changed)
        return changed

    async def called(self, actor: Actor, incident: Incident, name: str) -> Checklist:
        """The incident's current checklist of this name, begun now if it wasn't yet. Raises NotFound."""
        wanted = next((one for one in CHECKLISTS if one == name), None)
        if wanted is None or not self._runbook.checklists.named(name):
            known = [one for one in CHECKLISTS if self._runbook.checklists.named(one)]
            hint = f"Use {either(known)}." if known else "Add checklists under `checklists:`."
            raise NotFound(f"The runbook has no checklist “{name}”. {hint}")
        async with self._deeds.on(actor, incident.id) as (conn, locked, now):
            begun_now = await self._begin(conn, locked, wanted, now, posted=False)
            if begun_now is None:
                raise NotFound(f"{locked.ref} has no checklist “{name}”.")
            return await checklists.get(conn, begun_now.id)

    async def of(self, incident: Incident) -> dict[str, Checklist]:
        """The current checklists by name, without those closed by a reopening."""
        async with self._db.statement() as conn:
            return await checklists.of_incident(conn, incident.id)

    async def find(self, checklist_id: int) -> Checklist:
        """The checklist with this id. Raises NotFound."""
        async with self._db.statement() as conn:
            return await checklists.get(conn, checklist_id)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for checklist in (await checklists.of_incident(conn, incident.id)).values():
            for item in checklist.items:
                if item.ask_at and item.ask_at <= now:
                    await checklists.save_item(conn, checklist.id, item.after_asking(now))
                    if item.is_open and checklist.waived_at is None:
                        await self._cards.remind(conn, incident, checklist, item)

    async def _begin(
        self, conn: Connection, incident: Incident, name: ChecklistName, now: datetime, *, posted: bool
    ) -> Checklist | None:
        """The current checklist, begun if need be; None if the runbook has none.

        Due times count from the end of the incident; before that there are none.
        """
        texts = [(one.do, one.within) for one in self._runbook.checklists.named(name)]
        if not texts:
            return None
        items = begun(texts, now, after=incident.resolved_at)
        is_posted = posted and name != "verification"
        new = await checklists.begin(conn, incident.id, name, items, posted=is_posted, now=now)
        if new and is_posted:
            await self._cards.show(conn, new)
        if new:
            return new
        there = (await checklists.of_incident(conn, incident.id))[name]
        return await self._at_the_end(conn, there, items, now) if posted and name == "aftercare" else there

    async def _at_the_end(self, conn: Connection, there: Checklist, items: list[Item], now: datetime) -> Checklist:
        """Post aftercare that was begun before the incident ended, with its due times now that they are known."""
        for item in timed(there.items, items, now):
            await checklists.save_item(conn, there.id, item)
        await self._post(conn, there, now)
        return there

    async def _post(self, conn: Connection, checklist: Checklist, now: datetime) -> None:
        posted = replace(checklist, posted_at=now)
        await checklists.save(conn, posted)
        await self._cards.show(conn, posted)

    async def _close(self, conn: Connection, incident: Incident, now: datetime) -> None:
        """Close verification and aftercare: they belong to an end that the reopening undid."""
        for name, checklist in (await checklists.of_incident(conn, incident.id)).items():
            if name == "triage":
                continue
            for item in checklist.items:
                await checklists.save_item(conn, checklist.id, replace(item, ask_at=None))
            await checklists.save(conn, replace(checklist, closed_at=now))
            await self._cards.show(conn, replace(checklist, closed_at=now))

    async def _write(
        self, conn: Connection, incident: Incident, checklist: Checklist, change: str, actor: Actor, now: datetime,
        item: Item | None = None,
    ) -> None:  # fmt: skip
        words = self._cards.entry(checklist, change, item)
        await incidents.write(conn, incident.id, "checklist", words, actor=actor.name, at=now)

"""The incident's own channel: named, opened, furnished, and kept in step with the incident."""

import asyncio
from collections.abc import Sequence

from bot.clock import Clock
from bot.domain.incidents.incident import Incident, room_name
from bot.runbook import Runbook
from bot.services.outbox.kinds import CARD, ROOM
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import pages
from bot.store.pipelined import Connection


class Rooms:
    """Puts in what `opening` and `furnishing` carry out in Slack, and records that the room exists."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, outbox: Outbox, cards: Cards) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._outbox = outbox
        self._cards = cards
        # Declarations made in this process wait a moment for the room, in order to link to it.
        self._awaited: dict[int, asyncio.Future[str]] = {}

    async def open(self, conn: Connection, incident: Incident) -> None:
        """Have the room opened and the incident announced; call it in the declaring transaction."""
        # One lane per name: the second of two like-named incidents then sees the first one's room recorded, and leaves
        # it alone.
        lane = f"room {self.name_of(incident)}"
        await self._outbox.put(conn, "room", {"incident": incident.id}, priority=ROOM, lane=lane)
        if not incident.private:
            await self._cards.touch(conn, f"announcement:{incident.id}")

    async def invite(self, conn: Connection, incident: Incident, people: Sequence[str]) -> None:
        """Bring people in once the room is there."""
        # A lane per person in private rooms, so that removing and readmitting somebody happen in order.
        for some in [[one] for one in people] if incident.private else [list(people)]:
            lane = _lane_of(incident, some[0]) if incident.private else None
            payload = {"incident": incident.id, "people": some}
            await self._outbox.put(conn, "invite", payload, priority=ROOM, lane=lane)

    async def put_out(self, conn: Connection, incident: Incident, person: str) -> None:
        """Take somebody out of the channel, unless they are a member again by then."""
        payload, lane = {"incident": incident.id, "person": person}, _lane_of(incident, person)
        await self._outbox.put(conn, "kick", payload, priority=ROOM, lane=lane)

    async def show(self, conn: Connection, incident: Incident) -> None:
        """Repaint card, announcement and pages. Not the topic: Slack posts a line for each change."""
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        if not incident.private:
            await self._cards.touch(conn, f"announcement:{incident.id}")
        for page in await pages.of_incident(conn, incident.id):
            if page.via == "slack" and page.is_accepted:
                await self._cards.touch(conn, f"page:{page.id}")

    async def repaint(self, conn: Connection, cards: Sequence[str]) -> None:
        """Repaint these cards by key; those already up to date are not edited."""
        for key in cards:
            await self._cards.touch(conn, key)

    async def opened(self, incident_id: int, within_s: float) -> str | None:
        """The room's id, waiting up to `within_s`; None if it takes longer or another process opens it."""
        waiting = self._awaited.setdefault(incident_id, asyncio.get_running_loop().create_future())
        try:
            async with self._db.statement() as conn:
                known = (await incidents.get(conn, incident_id)).room_id
            return known or await asyncio.wait_for(asyncio.shield(waiting), within_s)
        except TimeoutError:
            return None
        finally:
            self._awaited.pop(incident_id, None)

    async def begin(self, conn: Connection, incident_id: int, card: Posted) -> None:
        """The incident's card is in the room: pin it, and let waiting posts go below it."""
        # Lock, so that whatever has just found no card either sees it when it records its wait, or is woken here.
        await incidents.lock(conn, incident_id)
        await self._outbox.put(conn, "pin", {"channel": card.channel, "ts": card.ts}, priority=CARD)
        await self._outbox.wake(conn, ["post", "card"], {"incident": incident_id})

    async def furnish(self, conn: Connection, incident_id: int, room_id: str, name: str) -> None:
        """The room exists: record it and put in all the rest, in parallel."""
        await incidents.set_room(conn, incident_id, room_id, name, self._clock.now())
        if (waiting := self._awaited.get(incident_id)) and not waiting.done():
            waiting.set_result(room_id)
        incident = await incidents.get(conn, incident_id)
        paged = [page.person for page in await pages.of_incident(conn, incident_id)]
        await self.invite(conn, incident, list(dict.fromkeys([incident.declared_by, *incident.roles.values(), *paged])))
        await self.show(conn, incident)
        await self._outbox.put(conn, "topic", {"incident": incident_id}, priority=CARD, key=f"topic {incident_id}")
        await self._outbox.wake(conn, ["invite"], {"incident": incident_id})
        # Its own card first; `begin` wakes whatever else is waiting.
        await self._outbox.wake_after(conn, ["card"], {"card": f"incident:{incident_id}"})

    async def note_missing(self, conn: Connection, incident_id: int, error: str, *, lost: bool) -> None:
        """Record that it could not be opened; it is retried, unless `lost`: there will never be one."""
        await incidents.set_room_error(conn, incident_id, error, lost=lost)
        await self._cards.touch(conn, f"announcement:{incident_id}")
        if lost:
            await self._outbox.wake_after(conn, ["post", "invite", "card"], {"incident": incident_id})

    def name_of(self, incident: Incident) -> str:
        return room_name(incident, self._runbook.channels.prefix, self._runbook.timezone)


def _lane_of(incident: Incident, person: str) -> str:
    return f"member {incident.id} {person}"

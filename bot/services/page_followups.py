"""Tells the providers that keep a state of their own how an incident stands: acknowledged, resolved."""

from collections.abc import Mapping

from bot.domain.page import Page, Via
from bot.pagers import Following, Pager
from bot.services.outbox import UPDATE, Errand, NoLongerWanted, Outbox
from bot.store import incidents
from bot.store.database import Database
from bot.store.outbox import Delivery
from bot.store.queries import Connection


class PageFollowups(Errand):
    """What is told is how the incident stands when it is told, so of several changes only the last one matters."""

    def __init__(self, db: Database, outbox: Outbox, pagers: Mapping[Via, Pager]) -> None:
        self._db = db
        self._outbox = outbox
        self._following = {via: pager for via, pager in pagers.items() if isinstance(pager, Following)}
        outbox.carries("page_followup", self)

    async def put(self, conn: Connection, incident_id: int, pages: list[Page]) -> None:
        """For every provider that may have taken one of these pages, when there is something to tell."""
        vias = {page.via for page in pages if page.attempts and page.state != "refused"} & self._following.keys()
        if not vias:
            return
        incident = await incidents.get(conn, incident_id)
        if incident.is_open and not incident.is_acknowledged:
            return
        for via in vias:
            name = f"followup {incident_id} {via}"
            payload = {"incident": incident_id, "via": via}
            await self._outbox.put(conn, "page_followup", payload, priority=UPDATE, key=name, lane=name)

    async def send(self, delivery: Delivery) -> str | None:
        async with self._db.transaction() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
        told = await self._following[delivery.payload["via"]].follow(incident)
        if told is None:
            raise NoLongerWanted("the incident was reopened")
        return told

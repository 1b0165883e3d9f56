"""Keeps sent pages in step with their incident: edits Slack messages, updates providers that keep alerts of their
own."""

from collections.abc import Mapping
from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, Via
from bot.domain.paging.provider_alert import ProviderAlert, state_now
from bot.pagers import FollowingPager, Pager, message_key, way_name
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, NotSetUp, way_by
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.services.rooms.in_doubt import look_again, look_at_all, look_for_others
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.paging import pages, provider_alerts
from bot.store.pipelined import Connection


class PageFollowups(DeliveryKind[str]):
    """Deliveries of kind `page_followup`: each sends the alert's state at sending time, so of several pending changes
    only the last matters."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox, cards: Cards, pagers: Mapping[Via, Pager]) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._cards = cards
        self._following = {via: pager for via, pager in pagers.items() if isinstance(pager, FollowingPager)}

    async def show(self, conn: Connection, incident: Incident, made: list[Page]) -> None:
        """Update these pages to the current state of the incident, whose row the caller has locked."""
        for page in made:
            if page.via == "slack" and page.is_accepted:
                await self._cards.touch(conn, f"page:{page.id}")
        await self._put(conn, incident.id, made)

    async def catch_up(self, conn: Connection, incident: Incident, page: Page) -> None:
        """Catch up on what happened while the page was in flight: neither its message nor its provider shows it yet."""
        await self._put(conn, incident.id, [page])
        moments = (incident.room_at, incident.acknowledged_at, incident.resolved_at)
        since = page.first_attempt_at
        if page.via == "slack" and since and any(moment and moment >= since for moment in moments):
            await self._cards.touch(conn, f"page:{page.id}")

    async def look_for_others(self, conn: Connection, delivery: Delivery, page: Page, stands: Posted) -> None:
        """Look for duplicates of this page's message; `stands` is the one kept up to date."""
        await look_for_others(conn, self._outbox, delivery, stands, message_key(page))

    async def look_for_late(self, conn: Connection, delivery: Delivery, page: Page) -> None:
        """Watch for a message posted after the page was given up, refused or cancelled, which must then be brought up
        to date. Does nothing unless an earlier attempt was left in doubt."""
        if delivery.unsure and page.via == "slack":
            await look_again(conn, self._outbox, delivery, "page_look", {"page": page.id})

    async def came_late(self, conn: Connection, delivery: Delivery, page: Page, stands: Posted) -> None:
        """Update a message that appeared late and has not been edited since it was sent; other attempts may appear late
        too."""
        await self._cards.touch(conn, f"page:{page.id}")
        await look_at_all(conn, self._outbox, delivery, stands, message_key(page))

    async def _put(self, conn: Connection, incident_id: int, made: list[Page]) -> None:
        """Enqueue a followup for each provider alert behind these pages whose state has changed."""
        vias = {page.via for page in made} & self._following.keys()
        if not vias:
            return
        incident = await incidents.get(conn, incident_id)
        answered_at = await _answered_at(conn, incident)
        for via in vias:
            taken = [await pages.get(conn, page.id) for page in made if page.via == via]
            await self._put_by(conn, incident, via, taken, answered_at)

    async def _put_by(
        self, conn: Connection, incident: Incident, via: Via, made: list[Page], answered_at: datetime | None
    ) -> None:
        alerts = await provider_alerts.of_incident(conn, incident.id, via)
        for alert in alerts:
            followed = alert is not alerts[-1] and _taken(alerts[-1], made)
            state = state_now(alert, incident, answered_at=answered_at, followed=followed)
            if state != alert.state:
                await provider_alerts.set_state(conn, alert, state, self._clock.now())
            elif not _was_told_too_soon(alert, made):
                continue
            name = f"followup {incident.id} {via} {alert.number}"
            payload = {"incident": incident.id, "via": via, "alert": alert.number}
            await self._outbox.put(
                conn, "page_followup", payload, priority=UPDATE, key=name, lane=name, way=way_by(via)
            )

    async def send(self, delivery: Delivery) -> str:
        asked = delivery.payload
        async with self._db.statement() as conn:
            alert = await provider_alerts.get(conn, asked["incident"], asked["via"], asked.get("alert", 1))
        if (pager := self._following.get(asked["via"])) is None:
            raise NotSetUp(way_name(asked["via"]))
        told = await pager.follow(alert) if alert else None
        if told is None:
            raise NoLongerWanted("there is nothing to tell of it")
        return told


async def _answered_at(conn: Connection, incident: Incident) -> datetime | None:
    """The latest acknowledgement; None if there is none or it was withdrawn."""
    if not incident.is_acknowledged:
        return None
    entries = await incidents.timeline(conn, incident.id)
    return max((entry.at for entry in entries if entry.kind == "acknowledged"), default=incident.acknowledged_at)


def _taken(alert: ProviderAlert, made: list[Page]) -> bool:
    return any(page.reference == alert.key for page in made)


def _was_told_too_soon(alert: ProviderAlert, made: list[Page]) -> bool:
    """Whether the page that opened this alert was accepted only after we set the state: the provider may have got the
    two in the wrong order."""
    return alert.changed_at is not None and any(
        page.reference == alert.key and page.accepted_at and page.accepted_at > alert.changed_at for page in made
    )

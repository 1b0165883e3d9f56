"""Carries updates to the addresses of an audience, and records what each provider said."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.maintenance.window import Window
from bot.domain.updates.update import (
    CLOSES,
    NEWER,
    UNHEARD,
    DeliveryState,
    Outlet,
    Update,
    UpdateDelivery,
    contradiction,
    contradiction_of_planned,
    is_stale,
)
from bot.publishers import Publication, Publisher, message_key, outlets
from bot.runbook.audiences import Audience
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, NotSetUp, Outcome, not_set_up, way_by
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.services.rooms.in_doubt import look_for_others
from bot.services.updates.audiences import addresses
from bot.services.updates.publication_news import PublicationNews
from bot.services.updates.subjects import lock_subject, reference_of, show, subject_of
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery as OutboxDelivery
from bot.store.pipelined import Connection
from bot.store.updates import updates

# With hundreds leaving together, keep database connections free for pages.
LOOKS_AT_ONCE = 2
# How final outcomes of the outbox map to states of a delivery.
LOST: Mapping[str, DeliveryState] = {"refused": "refused", "gave_up": "gave_up"}


class Publications(DeliveryKind[str]):
    """One delivery per address; a refusal by one is shown, and does not hold up the others."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        outbox: Outbox,
        cards: Cards,
        news: PublicationNews,
        publishers: Mapping[Outlet, Publisher],
    ) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._cards = cards
        self._news = news
        self._publishers = publishers
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def put(self, conn: Connection, update: Update, audience: Audience) -> None:
        """Send it to every address of the audience. Outlets that are not set up are shown as gaps."""
        where = addresses(audience)
        gaps = {via: gap for via in {via for via, _ in where} if (gap := self.gap(via))}
        for one in await updates.insert_deliveries(conn, update.id, where, gaps=gaps, now=self._clock.now()):
            if one.error:
                await self._news.not_told(conn, update, one, one.error)
                continue
            lane = f"update {reference_of(update)} {one.via} {one.address}"
            payload, way = {"delivery": one.id}, way_by(one.via, one.address)
            await self._outbox.put(conn, "publication", payload, priority=UPDATE, lane=lane, way=way)

    def gap(self, via: Outlet) -> str | None:
        """Why nothing can be sent by this outlet; None: it works."""
        return None if via in self._publishers else not_set_up(via)

    async def send(self, delivery: OutboxDelivery) -> str:
        async with self._looks, self._db.transaction() as conn:
            one = await updates.delivery(conn, delivery.payload["delivery"])
            update = await updates.get(conn, one.update_id)
            about = await subject_of(conn, update)
            newer = await updates.is_followed(conn, one)
            earlier = await updates.latest_reference(conn, update, one.via, one.address)
            # Earlier deliveries in this lane have settled by now.
            heard = update.moment not in CLOSES or await updates.has_heard(conn, one)
        if one.state != "waiting":
            raise NoLongerWanted
        facts = outlets().get(one.via)
        if not (facts and facts.takes_all):
            if wrong := _contradiction(update, about):
                raise NoLongerWanted(wrong)
            if is_stale(update, newer=newer, now=self._clock.now()):
                raise NoLongerWanted(NEWER)
            if update.author == TOCSIN.name and not heard:
                raise NoLongerWanted(UNHEARD)
        if (publisher := self._publishers.get(one.via)) is None:
            raise NotSetUp(one.via)
        return await publisher.publish(Publication(one, update, about, earlier, delivery.unsure))

    async def recorded(self, conn: Connection, delivery: OutboxDelivery, outcome: Outcome[str]) -> None:
        one = await updates.delivery(conn, delivery.payload["delivery"])
        update = await updates.get(conn, one.update_id)
        if delivery.unsure or outcome.unsure:
            one = await updates.mark_unconfirmed(conn, one.id)
        if outcome.state == "sent":
            await updates.settle(conn, one.id, "accepted", now=self._clock.now(), reference=outcome.reference)
            if one.via == "slack" and outcome.reference:
                stands, key = Posted.read(outcome.reference), message_key(one, update)
                await look_for_others(conn, self._outbox, delivery, stands, key)
            await self._news.told(conn, update, one)
        elif end := LOST.get(outcome.state):
            incident = await self._end(conn, update, one, end, outcome.error)
            await self._news.not_told(conn, update, one, outcome.error or "")
            if incident:
                await self._news.warn(conn, incident, update, await updates.delivery(conn, one.id))
        elif outcome.state == "cancelled" and one.state == "waiting":
            incident = await self._end(conn, update, one, "cancelled", outcome.error)
            if incident and outcome.error not in (NEWER, UNHEARD):
                await self._news.stopped(conn, incident, update, outcome.error or "")
        elif outcome.error:
            await updates.note_error(conn, one.id, outcome.error)
        await show(self._cards, conn, update)

    async def _end(
        self, conn: Connection, update: Update, one: UpdateDelivery, state: DeliveryState, error: str | None
    ) -> Incident | None:
        """Settle it with the incident locked, so that of many ending at once the room is told once. Returns the
        incident; None for planned work."""
        incident = await lock_subject(conn, update)
        await updates.settle(conn, one.id, state, now=self._clock.now(), error=error)
        return incident

    async def held(self, conn: Connection, payloads: Sequence[Mapping[str, Any]], why: str) -> None:
        for update in await updates.hold(conn, [int(one["delivery"]) for one in payloads], why):
            await show(self._cards, conn, update)


def _contradiction(update: Update, about: Incident | Window) -> str | None:
    if isinstance(about, Window):
        return contradiction_of_planned(update, about.ref, about.state, about.starts_at, about.ends_at)
    return contradiction(update, about)

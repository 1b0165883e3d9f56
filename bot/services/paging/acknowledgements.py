"""Acknowledging an incident: paging stops, unless the ladder's policy is to climb until the incident is resolved."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, Overtaken
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.paging.confirmation import must_prove_no_other_way
from bot.domain.paging.escalation import answered
from bot.domain.paging.page import Via
from bot.services.paging.pages import Pages
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection


class Acknowledgements:
    """Each deed is one transaction, done once per request, with the actor in the timeline."""

    def __init__(self, clock: Clock, people: People, paging: Pages, posts: Posts, cards: Cards, deeds: Deeds) -> None:
        self._clock = clock
        self._people = people
        self._paging = paging
        self._posts = posts
        self._cards = cards
        self._deeds = deeds

    async def acknowledge(
        self, actor: Actor, incident_id: int, *, paged_at: datetime | None = None, by: Via | None = "slack"
    ) -> Incident:
        """Stop the paging: somebody is on it. Raises AlreadyDone, naming who was first.

        `paged_at`: set when this answers a page, to the time that page was due; raises Overtaken if the incident was
        reopened after it. `by`: the way by which the page reached the actor, None for none; raises Refused when this is
        a test page that confirms a different way.
        """
        async with self._deeds.on(actor, incident_id, acknowledges=True) as (conn, incident, _):
            must_prove_no_other_way(incident, by)
            must_be_open(incident, "acknowledge it")
            if not incident.is_acknowledged:
                await must_not_be_overtaken(conn, incident, paged_at)
            if not await self.answer(conn, incident, actor):
                who = self._people.written(incident.acknowledged_by or "")
                raise AlreadyDone(f"{incident.ref} is already acknowledged by {who}.")
            return await incidents.get(conn, incident_id)

    async def answer(self, conn: Connection, incident: Incident, actor: Actor) -> bool:
        """Record the acknowledgement inside a deed that acknowledges as well; False when it changes nothing."""
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        first = await incidents.acknowledge(conn, incident.id, actor.name, now)
        if not first and not await self._still_called(conn, incident, escalation, actor):
            return False
        key = f"acknowledged {escalation.run} {escalation.calls} {actor.name}"
        if not await incidents.write_once(conn, incident.id, "acknowledged", "", actor=actor.name, at=now, key=key):
            return False
        ladder = answered(escalation.ladder)
        silent = ladder.state == "answered"
        reach_by = None if silent else escalation.reach_by
        await escalations.save(conn, escalation.moved_to(ladder, reach_by=reach_by, snoozed_until=None))
        if silent:
            await self._paging.cancel_waiting(conn, incident)
        else:
            await self._paging.cancel_waiting_for(conn, incident, actor.name)
        if first:
            await self._deeds.acknowledged(conn, await incidents.get(conn, incident.id))
            await self._posts.in_room(conn, incident, "acknowledged", actor=actor.name, climbs_on=not silent)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        if first and not incident.private:
            await self._cards.touch(conn, f"announcement:{incident.id}")
        return True

    async def _still_called(self, conn: Connection, incident: Incident, escalation: Escalation, actor: Actor) -> bool:
        """Whether this person's acknowledgement still counts after somebody else's: yes while the ladder climbs on
        regardless, or when they were paged after that first acknowledgement."""
        if escalation.policy.stops_on == "resolved":
            return True
        since = incident.acknowledged_at
        own = [page for page in await pages.of_incident(conn, incident.id) if page.person == actor.name]
        return since is not None and any(page.due_at > since and page.state != "cancelled" for page in own)


async def must_not_be_overtaken(conn: Connection, incident: Incident, paged_at: datetime | None) -> None:
    """Raise Overtaken if the incident was reopened after the answered page was due at `paged_at` (None: no page is
    answered)."""
    if paged_at and await incidents.reopened_since(conn, incident.id, paged_at):
        raise Overtaken(
            f"{incident.ref} was reopened after this page, so nothing was changed. "
            "If you're on it, type `/escalate ack`."
        )

"""Snoozing an incident: no step before a given time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.paging.escalation import LONGEST_SNOOZE, snooze
from bot.domain.paging.page import Page
from bot.rendering import time_shown
from bot.runbook import Runbook, format_duration
from bot.services.paging.pages import Pages
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation


class Snoozes:
    """A snooze does not acknowledge."""

    def __init__(self, runbook: Runbook, paging: Pages, posts: Posts, cards: Cards, deeds: Deeds) -> None:
        self._runbook = runbook
        self._paging = paging
        self._posts = posts
        self._cards = cards
        self._deeds = deeds

    async def snooze(self, actor: Actor, incident_id: int, duration: timedelta) -> datetime:
        """Hold paging for `duration`, at most 24 h; returns until when. Raises Refused, also when nobody is about to be
        paged or a longer snooze holds already."""
        if duration > LONGEST_SNOOZE:
            raise Refused(_too_long(duration))
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "snooze it")
            escalation = await escalations.lock(conn, incident.id)
            until = now + duration
            if escalation.snoozed_until and escalation.snoozed_until > until:
                raise AlreadyDone(self._held_longer(incident, escalation.snoozed_until, now))
            made = await pages.of_incident(conn, incident.id)
            if escalation.next_at is None and not any(page.state == "waiting" for page in made):
                raise Refused(f"Nobody is about to be paged for {incident.ref}, so there is nothing to snooze.")
            await self._paging.put_off(conn, escalation.policy, made, until)
            await escalations.save(conn, _snoozed(escalation, until, now, made))
            words = f"until {time_shown(until, self._runbook.timezone, now)}"
            await incidents.write(conn, incident.id, "snoozed", words, actor=actor.name, at=now)
            told = {"incident": incident, "until": until, "on_their_way": await pages.on_their_way(conn, incident.id)}
            await self._posts.in_room(conn, incident, "snoozed", actor=actor.name, **told)
            await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        return until

    def _held_longer(self, incident: Incident, until: datetime, now: datetime) -> str:
        shown = time_shown(until, self._runbook.timezone, now)
        return (
            f"{incident.ref} is already snoozed until {shown}, and a snooze cannot be made shorter. To page the next "
            "tier now, type `/escalate`."
        )


def _snoozed(escalation: Escalation, until: datetime, now: datetime, made: Sequence[Page]) -> Escalation:
    """`made`: every page the snooze holds, including those being sent right now."""
    through = max((page.id for page in made), default=None)
    ladder = snooze(escalation.ladder, until)
    return escalation.planned(ladder, now, snoozed_until=until, snoozed_at=now, snoozed_through=through)


def _too_long(duration: timedelta) -> str:
    return (
        f"{format_duration(duration)} is too long: paging can be snoozed for 24h at most. Type `/escalate snooze 24h`, "
        "or `/escalate ack` if you're on it."
    )

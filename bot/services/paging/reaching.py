"""Judges whether a ladder's last step reached anybody, and names those it did not, so that a human can call them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import BY_HAND
from bot.domain.paging.page import SOON, Page, Reach, look_again_at, may_have_reached, reach, to_come_for
from bot.rendering import Rendering
from bot.services.paging.doubts import as_known
from bot.services.paging.due_steps import DueStep
from bot.services.people.people import People
from bot.services.rooms.members import Members
from bot.services.rooms.posts import Posts
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection

# An incident and its ladder, locked by this transaction.
Held = tuple[Incident, Escalation]


class Reaching:
    """Runs inside the transaction that has claimed the ladders."""

    def __init__(self, clock: Clock, people: People, members: Members, posts: Posts, rendering: Rendering) -> None:
        self._clock = clock
        self._people = people
        self._members = members
        self._posts = posts
        self._rendering = rendering

    async def judge(self, conn: Connection, ladders: Sequence[Held]) -> list[Held]:
        """Ladders whose last step reached nobody, so that the next tier is due. The others get a time for the next
        look."""
        made = await pages.of_incidents(conn, [incident.id for incident, _ in ladders])
        return [
            (incident, escalation)
            for incident, escalation in ladders
            if await self._is_unreached(conn, incident, escalation, made[incident.id])
        ]

    async def once_more(self, conn: Connection, ladders: Sequence[Held]) -> list[DueStep]:
        """A repeat of the last step of each ladder, for all its people, reached or not, except those removed from a
        private incident since."""
        made = await pages.of_incidents(conn, [incident.id for incident, _ in ladders])
        steps = [_again(*held, made[held[0].id]) for held in ladders]
        return [replace(step, again=await self._let_in(conn, step.incident, step.again or ())) for step in steps]

    async def _let_in(self, conn: Connection, incident: Incident, people: Sequence[str]) -> list[str]:
        return [who for who in people if not await self._members.was_removed(conn, incident, who)]

    async def _is_unreached(
        self, conn: Connection, incident: Incident, escalation: Escalation, made: Sequence[Page]
    ) -> bool:
        now = self._clock.now()
        ladder_pages, call_pages = _of_last_step(escalation, made), _of_calls(escalation, made)
        verdicts = reach(ladder_pages, now)
        everybody = verdicts | reach(call_pages, now)
        if not escalation.is_snoozed_at(now) and (
            sooner := await self._page_sooner(conn, [*ladder_pages, *call_pages], everybody, now)
        ):
            await escalations.save(conn, escalation.moved_to(escalation.ladder, reach_by=sooner))
            return False
        unreached = [who for who, verdict in everybody.items() if verdict == "unreached"]
        known = await as_known(conn, incident.id, [*ladder_pages, *call_pages]) if unreached else []
        for person in unreached:
            unknown = may_have_reached(page for page in known if page.person == person)
            await self._tell_unreached(conn, incident, escalation, person, unknown=unknown)
        if set(verdicts.values()) == {"unreached"} and escalation.climbs_at(now):
            return True
        still_open = "open" in everybody.values()
        looks = [look_again_at([*ladder_pages, *call_pages], now)] if still_open else []
        if escalation.is_snoozed_at(now) and "unreached" in everybody.values():
            # Whether to page somebody else, or sooner, is decided when the snooze is over.
            looks.append(escalation.policy.begins(escalation.snoozed_until or now))
        reach_by = min(looks, default=None)
        await escalations.save(conn, escalation.moved_to(escalation.ladder, reach_by=reach_by))
        return False

    async def _page_sooner(
        self, conn: Connection, made: Sequence[Page], verdicts: Mapping[str, Reach], now: datetime
    ) -> datetime | None:
        """Bring forward the pages still to come of people whom nothing has reached. Returns when to look again; None if
        there were none."""
        unreached = {who for who, verdict in verdicts.items() if verdict == "unreached"}
        to_come = to_come_for(unreached, made, now)
        await pages.plan_anew(conn, {page.id: now for page in to_come}, planned_at=None)
        return now + SOON if to_come else None

    async def _tell_unreached(
        self, conn: Connection, incident: Incident, escalation: Escalation, key: str, *, unknown: bool
    ) -> None:
        """Tell the room once per run, with the person's phone number. `unknown`: a page to them may have been
        accepted."""
        now, name = self._clock.now(), self._people.known_name(key)
        once, facts = f"unreached {escalation.run} {key}", {"name": name, "unknown": unknown}
        line = self._rendering.say("documents/unreached", **facts)
        if await incidents.write_once(conn, incident.id, "page_failed", line, actor=TOCSIN.name, at=now, key=once):
            await self._posts.in_room(conn, incident, "unreached", **facts, person=self._people.person(key))


def _again(incident: Incident, escalation: Escalation, made: Sequence[Page]) -> DueStep:
    before = _of_last_step(escalation, made)
    assert escalation.again_at is not None
    reason = before[0].reason if before else None
    people = list(dict.fromkeys(page.person for page in before))
    return DueStep(incident, escalation, escalation.again_at, reason, again=people)


def _of_last_step(escalation: Escalation, made: Sequence[Page]) -> list[Page]:
    last = (escalation.run, *escalation.ladder.last)
    return [page for page in made if (page.run, page.loop, page.step) == last]


def _of_calls(escalation: Escalation, made: Sequence[Page]) -> list[Page]:
    return [page for page in made if (page.run, page.step) == (escalation.run, BY_HAND)]

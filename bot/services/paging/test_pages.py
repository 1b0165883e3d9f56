"""Tests how one person is paged: real pages that say TEST, for a made-up incident."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.confirmation import OPEN_FOR
from bot.domain.paging.escalation import BY_HAND
from bot.domain.paging.page import Turn, Via
from bot.domain.paging.timed_ways import AT_ONCE
from bot.pagers import ways
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.gaps import everybody
from bot.services.paging.ladder_runs import LadderRuns
from bot.services.paging.pages import Pages
from bot.services.paging.policies import policy_of
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import escalations
from bot.store.pipelined import Connection

NO_ROOM = "a test has no channel"


class TestPages:
    """A test page is stored as a private drill without room or ladder: not announced, not counted in statistics. Its
    pages go out like any other, with buttons, links and replies."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, runs: LadderRuns, paging: Pages, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._runs = runs
        self._paging = paging
        self._rendering = rendering

    def ways_of(self, key: str) -> tuple[Via, ...]:
        """The ways by which the tiers page this person; if in no tier, every way the runbook has a contact for."""
        tiers = [
            tier for tier in self._runbook.tiers.values() if key in {one.key for one in everybody(self._runbook, tier)}
        ]
        used = dict.fromkeys(via for tier in tiers for via in tier.waits)
        person = self._runbook.people.get(key)
        known = [via for via, way in ways().items() if way.contacts and way.reaches(person)]
        return tuple(used or known or ("slack",))

    async def begin(self, key: str) -> Incident:
        """Page this person by all of their ways; any process carrying the outbox sends the pages.

        Ends a test page of theirs left over by a killed command.
        """
        await self._end_left_over(key)
        why = self._rendering.say("documents/test_page_reason", confirms=None)
        async with self._db.transaction() as conn:
            return await self._page(conn, key, self.ways_of(key), {"test_page": key}, why)

    async def ask(self, conn: Connection, key: str, via: Via, number: int | None) -> None:
        """Page this person by one way, to have it confirmed. `number`: the round; None: they asked for it
        themselves."""
        why = self._rendering.say("documents/test_page_reason", confirms=via, until=self._clock.now() + OPEN_FOR)
        await self._page(conn, key, [via], {"test_page": key, "confirms": via, "round": number}, why)

    async def _page(
        self, conn: Connection, key: str, vias: Sequence[Via], origin: Mapping[str, object], why: str
    ) -> Incident:
        now, severity = self._clock.now(), self._runbook.severities[-1]
        title = self._rendering.say("documents/test_page_title")
        incident = await incidents.insert(
            conn, title=title, severity=severity.id, drill=True, private=True, declared_by=TOCSIN.name, now=now,
            origin=origin, request=None,
        )  # fmt: skip
        await incidents.set_room_error(conn, incident.id, NO_ROOM, lost=True)
        await incidents.write(conn, incident.id, "declared", title, actor=TOCSIN.name, at=now)
        policy = replace(policy_of(self._runbook, severity), stops_on="acknowledged")
        escalation = await escalations.arm(conn, incident.id, policy, now)
        # An exhausted ladder: nobody but this person is paged, however long it takes and whichever button is pressed.
        silent = replace(escalation.ladder, state="exhausted", loop=policy.repeat + 1, next_at=None)
        await escalations.save(conn, escalation.moved_to(silent, reach_by=None))
        turn = Turn(escalation.run, 1, BY_HAND, None, now, why, by_every_way=True)
        await self._paging.page(conn, incident, turn, [key], dict.fromkeys(vias, AT_ONCE))
        return incident

    async def _end_left_over(self, key: str) -> None:
        async with self._db.transaction() as conn:
            left = await incidents.of_origin(conn, {"test_page": key})
        if left:
            await self.end(left.id)

    async def end(self, incident_id: int) -> None:
        """Cancel what has not been sent, and mark its messages as over. Idempotent."""
        async with self._db.transaction() as conn:
            incident, now = await incidents.lock(conn, incident_id), self._clock.now()
            if not incident.is_open:
                return
            summary = self._rendering.say("documents/test_page_over")
            await incidents.resolve(conn, incident_id, TOCSIN.name, summary, now)
            await incidents.write(conn, incident_id, "resolved", summary, actor=TOCSIN.name, at=now)
            await self._runs.stop(conn, await incidents.get(conn, incident_id))

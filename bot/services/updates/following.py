"""Keeps audiences in step with an incident: tells them automatically, never outdated facts, and always the end."""

from collections.abc import Iterable, Mapping, Sequence

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding
from bot.domain.updates.promises import past_promises
from bot.domain.updates.update import (
    TOLD_OF,
    LastUpdate,
    Moment,
    Update,
    is_of_another_severity,
    is_owed,
    may_be_told,
    moment_now,
    told_by_themselves,
)
from bot.runbook import Runbook
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.asks import Asks
from bot.services.rooms.deeds import Moment as Change
from bot.services.rooms.posts import Posts
from bot.services.updates.audiences import takes_all
from bot.services.updates.returns import Returns
from bot.services.updates.subjects import owed_key
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.store.updates.updates import NewUpdate


class Following:
    """Follows incidents. The words are composed later, by deliveries of kind `update`."""

    def __init__(
        self, clock: Clock, runbook: Runbook, outbox: Outbox, asks: Asks, posts: Posts, returns: Returns
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._outbox = outbox
        self._asks = asks
        self._posts = posts
        self._returns = returns

    async def follow(self, conn: Connection, incident: Incident, change: Change) -> None:
        if change in ("corrected", "acknowledged") or not may_be_told(incident):
            return
        if change != "declared":
            await self._asks.show(conn, incident.id, [owed_key(incident.id)])
        told = await updates.last_told(conn, incident.id)
        overtaken = await self._returns.overtake(conn, incident, change)
        automatic = self._automatic(incident)
        by_itself = automatic if change in TOLD_OF else self._programs(automatic) if change == "severity" else []
        # Rewrite our own texts that nobody has edited or read yet.
        own = [one.audience for one in overtaken if one.author == TOCSIN.name]
        anew = [key for key in own if key in automatic or key in told]
        given_back = [one.audience for one in overtaken if one.author != TOCSIN.name]
        owed = [key for key in self._owed(incident, told, change) if change != "severity" or key not in given_back]
        asked = [key for key in owed if self._runbook.audiences[key].approval]
        composed = self._wanted(incident, told, [*by_itself, *anew, *asked])
        for key in composed:
            await self._compose(conn, incident, key, moment_now(incident, told.get(key)))
        if any(key not in composed for key in owed):
            await self._asks.ask(conn, incident.id, owed_key(incident.id))
        gone = [key for key, last in told.items() if key not in self._runbook.audiences and is_owed(incident, last)]
        if gone and change == "resolved":
            await self._posts.in_room(conn, incident, "audience_gone", incident=incident, audiences=gone)

    async def all_clear(self, conn: Connection, incident: Incident) -> None:
        """The watch has ended quietly: give the all-clear to those told of the resolution, automatically where the
        runbook says so, or with approval."""
        if not may_be_told(incident):
            return
        told = await updates.last_told(conn, incident.id)
        automatic = self._automatic(incident)
        for key, audience in self._runbook.audiences.items():
            knows = key in told and told[key].reached and told[key].moment == "resolved"
            if knows and (key in automatic or audience.approval):
                await self._compose(conn, incident, key, "all_clear")

    def broken_promise(self, update: Update) -> str | None:
        """The first promised time that has passed without being overruled; None: it may be sent."""
        zone, now = self._runbook.timezone, self._clock.now()
        past = past_promises(update.text, update.promises_since, now, zone)
        return next((one for one in past if Finding("past", one).mark not in update.overruled_for), None)

    async def renew(self, conn: Connection, incident: Incident, update: Update, late: str) -> None:
        """What promised a time that is past, `late`, is not sent: Tocsin writes it anew, or its author does."""
        await self._returns.take_back(conn, incident, update, late)
        if update.author == TOCSIN.name:
            told = await updates.last_told(conn, incident.id)
            await self._compose(conn, incident, update.audience, moment_now(incident, told.get(update.audience)))

    def _automatic(self, incident: Incident) -> Sequence[str]:
        automatic = [key for key, audience in self._runbook.audiences.items() if audience.automatic]
        tell = self._runbook.severity_as_declared(incident.severity).tell
        return told_by_themselves(incident, tell, automatic)

    def _programs(self, audiences: Sequence[str]) -> Sequence[str]:
        """Those that want every change."""
        return [key for key in audiences if takes_all(self._runbook.audiences[key])]

    def _owed(self, incident: Incident, told: Mapping[str, LastUpdate], change: Change) -> Sequence[str]:
        """Audiences whose knowledge is outdated: of the severity, or whether it is open."""
        if change not in ("severity", "resolved", "reopened"):
            return []
        known = [key for key in self._runbook.audiences if key in told]
        differs = is_of_another_severity if change == "severity" else is_owed
        return [key for key in known if differs(incident, told[key])]

    def _wanted(self, incident: Incident, told: Mapping[str, LastUpdate], audiences: Iterable[str]) -> Sequence[str]:
        """Each once. The end is not told to those who know it or never heard of the incident, except to those who want
        every change."""
        wanted = [key for key in dict.fromkeys(audiences) if key in self._runbook.audiences]
        if incident.is_open:
            return wanted
        owed = [key for key, last in told.items() if is_owed(incident, last)]
        new = [key for key in self._programs(wanted) if key not in told]
        return [key for key in wanted if key in owed or key in new]

    async def _compose(self, conn: Connection, incident: Incident, audience: str, moment: Moment) -> None:
        new = NewUpdate(incident.id, audience, moment, incident.status, incident.severity, TOCSIN.name)
        update = await updates.insert(conn, new, "composing", self._clock.now())
        lane = f"update {incident.id} {audience}"
        await self._outbox.put(conn, "update", {"update": update.id}, priority=UPDATE, lane=lane, way="house")

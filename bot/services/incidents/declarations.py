"""Declares incidents: first page, room and timeline start in one transaction."""

from collections.abc import Mapping
from typing import Any

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import TITLE_LENGTH, Incident, title_of
from bot.runbook import Runbook
from bot.services.paging.ladder_runs import LadderRuns
from bot.services.people.permissions import Permissions
from bot.services.rooms.deeds import Deeds
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection


class Declarations:
    """Declares incidents, once per request."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, permissions: Permissions, runs: LadderRuns, deeds: Deeds
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._runs = runs
        self._deeds = deeds

    async def declare(
        self,
        actor: Actor,
        title: str,
        *,
        severity: str | None = None,
        drill: bool = False,
        private: bool = False,
        origin: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Open an incident; its first page goes out before anything else. Idempotent per request.

        `severity` None: the runbook's default. `origin`: stored, and used by `of_origin` to find the incident again.
        """
        async with self._db.transaction() as conn:
            return await self.declare_within(
                conn, actor, title, severity=severity, drill=drill, private=private, origin=origin
            )

    async def declare_within(
        self,
        conn: Connection,
        actor: Actor,
        title: str,
        *,
        severity: str | None = None,
        drill: bool = False,
        private: bool = False,
        origin: Mapping[str, Any] | None = None,
        at_once: bool = False,
    ) -> Incident:
        """`declare` as part of a larger transaction. `at_once`: ignore working hours."""
        self._permissions.must(actor, "incident.declare")
        if actor.request and (known := await incidents.of_request(conn, actor.request)):
            return known
        now = self._clock.now()
        await requests.once(conn, actor, now)
        chosen = self._runbook.severity(severity) if severity else self._runbook.default_severity
        incident = await incidents.insert(
            conn, title=title_of(title), severity=chosen.id, drill=drill, private=private, declared_by=actor.name,
            now=now, origin=origin or {}, request=actor.request,
        )  # fmt: skip
        whole = title.strip() if len(title.strip()) > TITLE_LENGTH else incident.title
        await incidents.write(conn, incident.id, "declared", whole, actor=actor.name, at=now)
        await self._runs.arm(conn, incident, due_at=actor.asked_at or now, at_once=at_once)
        await self._deeds.open(conn, incident)
        return incident

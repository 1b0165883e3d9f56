"""Decides whether an incident owes a post-mortem, when it is resolved; withdraws it when it is reopened."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.actor import TOCSIN
from bot.domain.incidents.deadline import promises
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import Dates, Postmortem, begun, owner_of
from bot.domain.postmortems.rules import Reason, Rules, reasons
from bot.runbook import Runbook
from bot.services.postmortems.ledger import Ledger
from bot.services.rooms.deeds import Deeds, Moment
from bot.store.incidents import deadlines
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems


class Obligations:
    """Follows incidents. Nothing here deletes what people have written."""

    def __init__(self, runbook: Runbook, deeds: Deeds, ledger: Ledger) -> None:
        self._runbook = runbook
        self._deeds = deeds
        self._ledger = ledger

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment == "reopened":
            await self._withdraw(conn, incident, self._deeds.now())
        elif moment in ("resolved", "impact", "corrected") and not incident.is_open:
            await self._judge(conn, incident, self._deeds.now())

    async def begin(self, conn: Connection, incident: Incident, now: datetime) -> Postmortem:
        """A new one that somebody begins of their own accord; the caller saves it."""
        return begun(incident, [], self._dates, now, owner=owner_of(incident))

    async def _judge(self, conn: Connection, incident: Incident, now: datetime) -> None:
        """Decide whether one is owed. An existing one is left alone; a withdrawn one resumes with new dates."""
        known = await postmortems.get(conn, incident.id)
        if known and known.withdrawn_at is None:
            return
        why = await self._reasons(conn, incident)
        if known and (why or known.version or not known.reasons):
            await self._ledger.keep(conn, incident, self._revived(known, incident, why, now), TOCSIN, "owed", now)
        elif why:
            new = begun(incident, why, self._dates, now, owner=owner_of(incident))
            await self._ledger.keep(conn, incident, new, TOCSIN, "owed", now)

    async def _withdraw(self, conn: Connection, incident: Incident, now: datetime) -> None:
        known = await postmortems.get(conn, incident.id)
        if known and known.withdrawn_at is None:
            withdrawn = replace(known, withdrawn_at=now)
            await self._ledger.keep(conn, incident, withdrawn, TOCSIN, "withdrawn", now)

    def _revived(self, known: Postmortem, incident: Incident, why: list[Reason], now: datetime) -> Postmortem:
        """A withdrawn one resumed: its text, link and future review stay; dates count from this resolution."""
        new = begun(incident, why, self._dates, now, owner=owner_of(incident))
        scheduled = known.scheduled_at if known.scheduled_at and known.scheduled_at > now else None
        state = "draft" if known.version else new.state
        new = replace(new, link=known.link, canvas=known.canvas)
        return replace(new, state=state, version=known.version, scheduled_at=scheduled)

    async def _reasons(self, conn: Connection, incident: Incident) -> list[Reason]:
        ended_at = incident.resolved_at or self._deeds.now()
        running = (await deadlines.of_incident(conn, incident.id)).values()
        promised = promises(await deadlines.ended(conn, incident.id), running, replace(incident, resolved_at=ended_at))
        missed = (one.by - one.since for one in promised if one.kind == "resolve" and one.outcome == "missed")
        rules = replace(
            self._rules_of(incident.severity),
            resolve_promise_missed=next(missed, None),
            losses=self._losses(incident, await postmortems.brought_back(conn, incident.id)),
        )
        return reasons(incident, incident.lasted(incident.milestones.started, ended_at), rules)

    def _rules_of(self, severity: str) -> Rules:
        rule = self._runbook.severity_as_declared(severity).postmortem
        objectives = [one for one in self._runbook.objectives if one.severity in (None, severity)]
        return Rules(
            required=rule == "required",
            longer_than=None if isinstance(rule, str) else rule.longer_than,
            also_for=self._runbook.postmortem.also_for,
            objectives=[(one.scenario, one.rto) for one in objectives if one.rto],
        )

    def _losses(self, incident: Incident, taken: Mapping[str, datetime]) -> list[tuple[str, timedelta, timedelta]]:
        """Data lost in each restored database: (name, from the backup to the incident's start, RPO)."""
        started, known = incident.milestones.started, self._runbook.backups
        return [(name, max(started - at, timedelta(0)), known[name].rpo) for name, at in taken.items() if name in known]

    @property
    def _dates(self) -> Dates:
        rule = self._runbook.postmortem
        return Dates(rule.schedule_within, rule.draft_within, rule.review_within)

"""What people do with a procedure's steps: each action is one deed on its incident, shown on the run's card."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, NotPermitted, Refused
from bot.domain.incidents.incident import Incident
from bot.domain.procedures.leads import Lead, lead_of
from bot.domain.procedures.run import Run, Step, Tick, TickDeed
from bot.runbook import Runbook
from bot.runbook.procedures import Procedure
from bot.services.people.permissions import Permissions
from bot.services.procedures.records import ProcedureRecords
from bot.services.rooms.deeds import Deeds
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.procedures import procedures

GONE_ON = "The procedure has moved on: look at its message."


@dataclass(frozen=True)
class Place:
    """What a button was drawn for: a step of a run, and how many ticks there were; tells stale presses apart."""

    run: int
    step: int
    number: int


class ProcedureRuns:
    """Opens procedures and ticks their steps. If two people press at once, the second is told who was first."""

    def __init__(
        self, db: Database, runbook: Runbook, permissions: Permissions, deeds: Deeds, records: ProcedureRecords
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._permissions = permissions
        self._deeds = deeds
        self._records = records

    async def open(self, actor: Actor, incident_id: int, key: str) -> tuple[Run, bool]:
        """Begin a run (True), or return the one under way (False). Raises NotFound."""
        procedure = self._runbook.procedures.get(key)
        if procedure is None:
            raise NotFound("The runbook no longer has this procedure. `/incident runbook` shows those there are.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            return await self.open_within(conn, incident, procedure, actor, now)

    async def open_within(
        self, conn: Connection, incident: Incident, procedure: Procedure, actor: Actor, now: datetime
    ) -> tuple[Run, bool]:
        """As `open`, inside the caller's transaction, which has locked the incident."""
        for known in await procedures.of_incident(conn, incident.id):
            if known.key == procedure.key and known.ended_at is None:
                return known, False
        steps = [step.to_do for step in procedure.steps]
        run = await procedures.start(
            conn, incident_id=incident.id, key=procedure.key, title=procedure.title, steps=steps,
            started_by=actor.name, now=now, due_at=now if steps[0].is_proved else None,
        )  # fmt: skip
        await self._records.opened(conn, run, actor, now)
        return run, True

    async def tick(
        self, actor: Actor, incident_id: int, place: Place, deed: TickDeed, *, why: str | None = None, answer: int = 0
    ) -> Run:
        """Do something about the next step. `why`: the reason for skipping; `answer`: the index of a question's answer.

        Raises Refused, also when somebody else was first.
        """
        if deed != "approved":
            self._permissions.must(actor, "runbook.tick")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            run = await self._at(conn, incident, place, actor)
            step = run.steps[place.step]
            self._must_fit(run, step, deed, actor)
            said, lead = why, Lead()
            if deed == "answered":
                said = _answer(step, answer)
                lead = lead_of(step.answers[said], run.steps, self._runbook.procedures)
            tick = Tick(
                run.next_number, place.step, deed, actor.name, now, said, lead.step, lead.procedure,
                account=self._records.account_of(actor),
            )  # fmt: skip
            changed = await self._records.ticked(conn, run, tick)
            if lead.procedure is not None:
                await self.open_within(conn, incident, self._runbook.procedures[lead.procedure], actor, now)
        return changed

    async def must_be_next(self, actor: Actor, incident: Incident, place: Place) -> None:
        """Check, before a form is opened for it, that the step is still the next one. Raises Refused if it isn't."""
        self._permissions.must(actor, "runbook.tick")
        async with self._db.transaction() as conn:
            await self._at(conn, incident, place, actor)

    async def undo(self, actor: Actor, incident_id: int, place: Place) -> Run:
        """Undo the last thing a person did and what the bot ticked since. Raises Refused if `place` isn't that."""
        self._permissions.must(actor, "runbook.tick")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            run = await self._run(conn, incident, place)
            last = run.undoable
            asked = next((tick for tick in run.ticks if tick.number == place.number), None)
            if asked and asked.undone_at:
                raise AlreadyDone(f"{self._records.written(asked.undone_by)} has undone it already.")
            if last is None or last is not asked:
                raise Refused(GONE_ON)
            await self._must_be_the_only_one(conn, run)
            return await self._records.undone(conn, run, last, actor, now)

    async def _run(self, conn: Connection, incident: Incident, place: Place) -> Run:
        run = await procedures.get(conn, place.run)
        if run.incident_id != incident.id:
            raise NotFound("This incident has no such procedure. `/incident runbook` shows those there are.")
        return run

    async def _at(self, conn: Connection, incident: Incident, place: Place, actor: Actor) -> Run:
        """The run, if nothing changed since the button was drawn. Raises Refused; AlreadyDone, naming who was first."""
        run = await self._run(conn, incident, place)
        if run.standing.current == place.step and run.next_number == place.number:
            return run
        first = next((tick for tick in run.ticks if tick.number >= place.number and tick.step == place.step), None)
        if first is None or first.undone_at:
            raise Refused(GONE_ON)
        raise AlreadyDone(self._records.first(first, actor))

    async def _must_be_the_only_one(self, conn: Connection, run: Run) -> None:
        """Raise Refused if the procedure was opened again since: undoing would give it two runs under way."""
        known = await procedures.of_incident(conn, run.incident_id)
        if any(one.key == run.key and one.ended_at is None and one.id != run.id for one in known):
            raise Refused("This procedure was opened again since: continue there.")

    def _must_fit(self, run: Run, step: Step, deed: TickDeed, actor: Actor) -> None:
        if deed == "skipped":
            return
        if deed == "approved":
            self._must_approve(run, step, actor)
        elif step.is_question != (deed == "answered") or step.is_proved:
            raise Refused(GONE_ON)
        elif step.approve and run.standing.approval is None:
            raise Refused("This step has to be approved first: press Approve under its message.")
        elif step.approve and run.standing.approval and self._records.is_by(run.standing.approval, actor):
            raise NotPermitted("You approved this step, so somebody else has to do it and press Done.")

    def _must_approve(self, run: Run, step: Step, actor: Actor) -> None:
        if step.approve is None or run.standing.approval:
            raise Refused(GONE_ON)
        self._permissions.must_be_one_of(actor, step.approve, "approve this step")


def _answer(step: Step, which: int) -> str:
    """The text of an answer. Raises Refused for a button that wasn't drawn for this question."""
    answers = list(step.answers)
    if which >= len(answers):
        raise Refused("This question has no such answer: look at its message.")
    return answers[which]

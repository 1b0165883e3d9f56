"""Records what happens in a procedure run, and has its card painted again."""

from dataclasses import replace
from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.procedures.run import Run, Tick
from bot.rendering import Rendering
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.rooms.posts import Posts
from bot.services.rooms.prompts import Prompts
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.procedures import procedures


class ProcedureRecords:
    """Called inside a deed, with the incident locked."""

    def __init__(
        self,
        people: People,
        permissions: Permissions,
        cards: Cards,
        posts: Posts,
        prompts: Prompts,
        rendering: Rendering,
    ) -> None:
        self._people = people
        self._permissions = permissions
        self._cards = cards
        self._posts = posts
        self._prompts = prompts
        self._rendering = rendering

    def name(self, who: str | None) -> str:
        return self._people.known_name(who or "")

    def written(self, who: str | None) -> str:
        """How a refusal names somebody."""
        return self._people.written(who or "")

    def is_by(self, tick: Tick, actor: Actor) -> bool:
        return self._people.is_one(actor, tick.by, tick.account)

    def account_of(self, actor: Actor) -> str | None:
        return self._people.with_account(actor).slack_id

    def first(self, tick: Tick, actor: Actor) -> str:
        """The reply to somebody whose press came second."""
        facts = {"tick": tick, "who": self.name(tick.by), "own": self.is_by(tick, actor)}
        return self._rendering.say("documents/procedure_first", **facts)

    async def opened(self, conn: Connection, run: Run, actor: Actor, now: datetime) -> None:
        await self._write(conn, run, actor.name, now, what="opened", tick=None)
        await self._prompts.answered(conn, run.incident_id, f"procedure {run.key}")
        await self.show(conn, run)
        await self._ask_for_approval(conn, run)

    async def ticked(self, conn: Connection, run: Run, tick: Tick) -> Run:
        """Record a tick and move on to the next step; returns the run as it is then."""
        await procedures.tick(conn, run, tick)
        await self._write(conn, run, tick.by, tick.at, what="ticked", tick=tick)
        changed = await self._went_on(conn, replace(run, ticks=[*run.ticks, tick]), tick.at)
        if tick.deed != "approved":
            await self._ask_for_approval(conn, changed)
        return changed

    async def undone(self, conn: Connection, run: Run, since: Tick, actor: Actor, now: datetime) -> Run:
        await procedures.undo(conn, run, since, by=actor.name, at=now)
        await self._write(conn, run, actor.name, now, what="undone", tick=since)
        return await self._went_on(conn, await procedures.get(conn, run.id), now)

    async def show(self, conn: Connection, run: Run) -> None:
        await self._cards.touch(conn, f"procedure:{run.id}", incident=run.incident_id)

    async def _went_on(self, conn: Connection, run: Run, now: datetime) -> Run:
        current = run.standing.current
        ended_at = now if current is None else None
        due_at = now if current is not None and run.steps[current].is_proved else None
        await procedures.go_on(conn, run, now=now, due_at=due_at, ended_at=ended_at)
        if ended_at and not run.ended_at:
            await self._write(conn, run, run.ticks[-1].by, now, what="ended", tick=None)
        changed = replace(run, changed_at=now, due_at=due_at, ended_at=ended_at)
        await self.show(conn, changed)
        return changed

    async def _ask_for_approval(self, conn: Connection, run: Run) -> None:
        """Ask in a post if the next step needs approval: the approvers may not be watching the card."""
        current = run.standing.current
        step = None if current is None else run.steps[current]
        if step and step.approve:
            approvers = self._permissions.named_by(step.approve)
            facts = {"run": run, "step": step, "number": (current or 0) + 1, "approvers": approvers}
            await self._posts.in_room(conn, await incidents.get(conn, run.incident_id), "procedure_approval", **facts)

    async def _write(
        self, conn: Connection, run: Run, actor: str, now: datetime, *, what: str, tick: Tick | None
    ) -> None:
        words = self._rendering.say("documents/procedure_entry", run=run, what=what, tick=tick)
        await incidents.write(conn, run.incident_id, "checklist", words, actor=actor, at=now)

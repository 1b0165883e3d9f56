"""Somebody takes over a schedule for a while, or gives it back."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import NotFound, Refused
from bot.domain.schedule import Cover
from bot.runbook import Runbook, Schedule
from bot.runbook.mistakes import advice
from bot.services.people import People
from bot.services.permissions import Permissions
from bot.store import audit, covers, handovers, requests
from bot.store.database import Database

# Whoever is away for longer than this belongs out of the rotation.
LONGEST = timedelta(days=90)


class Covers:
    """A cover beats the rotation from its beginning to its end; it is read whenever a step is taken."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, permissions: Permissions) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._permissions = permissions

    def schedule(self, key: str) -> Schedule:
        """By its key, whatever the capitals; raises NotFound."""
        known = {one.lower(): schedule for one, schedule in self._runbook.schedules.items()}
        if found := known.get(key.lower()):
            return found
        if not known:
            raise NotFound("The runbook has no schedules, so there is nothing to cover.")
        raise NotFound(f"There is no schedule “{key}”: {advice(key, self._runbook.schedules)}")

    async def cover(self, actor: Actor, schedule: str, person: str, *, begins: datetime, ends: datetime) -> Cover:
        """`person` has this schedule from `begins` to `ends`, whoever's turn it is. Raises Refused."""
        self._permissions.must(actor, "schedule.cover")
        key = self.schedule(schedule).key
        now = self._clock.now()
        begins = max(begins, now)
        _must_make_sense(begins, ends, now)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            made = await covers.insert(
                conn, schedule=key, person=person, begins=begins, ends=ends, made_by=actor.name, now=now
            )
            facts = {"person": person, "begins": begins.isoformat(), "ends": ends.isoformat()}
            await audit.write(conn, actor=actor.name, deed="schedule.cover", subject=key, at=now, facts=facts)
            await handovers.look_at(conn, key, begins)
        await self._learn()
        return made

    async def end(self, actor: Actor, schedule: str) -> list[Cover]:
        """Nobody covers this schedule from now on; returns those that did or were about to. Raises Refused."""
        self._permissions.must(actor, "schedule.cover")
        key = self.schedule(schedule).key
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            ended = await covers.end(conn, key, ended_by=actor.name, now=now)
            if not ended:
                raise Refused(f"Nobody covers {key}, so there is nothing to end.")
            facts = {"ended": [cover.id for cover in ended]}
            await audit.write(conn, actor=actor.name, deed="schedule.cover", subject=key, at=now, facts=facts)
            await handovers.look_at(conn, key, now)
        await self._learn()
        return ended

    async def _learn(self) -> None:
        async with self._db.statement() as conn:
            await self._people.learn_covers(conn)


def _must_make_sense(begins: datetime, ends: datetime, now: datetime) -> None:
    if ends <= now:
        raise Refused("That is over already. Say a time to come, for example `until 18:00` or `until Mon 9am`.")
    if ends <= begins:
        raise Refused("That ends before it begins. Say a later time behind `until`.")
    if ends - now > LONGEST:
        raise Refused(
            f"That is more than {LONGEST.days} days from now. Say a nearer time; whoever is away for longer "
            "belongs out of the rotation: change `schedules` in the runbook."
        )

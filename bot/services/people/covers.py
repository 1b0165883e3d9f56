"""Somebody takes over a schedule for a while, or gives it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import NotFound, Refused
from bot.domain.people.schedule import Cover
from bot.runbook import Runbook, Schedule
from bot.runbook.mistakes import advised
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.store import audit, requests
from bot.store.database import Database
from bot.store.paging import handovers
from bot.store.people import covers
from bot.store.pipelined import Connection

# Whoever is away for longer than this belongs out of the rotation.
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class NewCover:
    """A new cover. `replaces`: what of earlier ones it takes the place of, each with that span alone."""

    cover: Cover
    replaces: Sequence[Cover]


@dataclass(frozen=True)
class Ended:
    """`left` are those that still hold or are to come."""

    covers: Sequence[Cover]
    left: Sequence[Cover]


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
        raise NotFound(f"There is no schedule “{key}”. {advised(key, self._runbook.schedules)}")

    def must_be_permitted(self, actor: Actor) -> None:
        """Raises NotPermitted, naming who may."""
        self._permissions.must(actor, "schedule.cover")

    async def cover(self, actor: Actor, schedule: str, person: str, *, begins: datetime, ends: datetime) -> NewCover:
        """`person` has this schedule from `begins` to `ends`, whoever's turn it is. Raises Refused."""
        self.must_be_permitted(actor)
        key = self.schedule(schedule).key
        now = self._clock.now()
        begins = max(begins, now)
        self.must_be_possible(begins, ends)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            earlier = await self._of(conn, key, now)
            made = await self.take_over(conn, actor, key, person, begins=begins, ends=ends)
        await self.learn()
        overlapping = [one for one in earlier if one.begins < ends and begins < one.ends]
        return NewCover(
            made, [replace(one, begins=max(one.begins, begins), ends=min(one.ends, ends)) for one in overlapping]
        )

    async def take_over(
        self, conn: Connection, actor: Actor, schedule: str, person: str, *, begins: datetime, ends: datetime
    ) -> Cover:
        """Within a deed; `learn` afterwards. Whether they may is known by whoever asks for it."""
        now = self._clock.now()
        made = await covers.insert(
            conn, schedule=schedule, person=person, begins=begins, ends=ends, made_by=actor.name, now=now
        )
        facts = {"person": person, "begins": begins.isoformat(), "ends": ends.isoformat()}
        await audit.write(conn, actor=actor.name, deed="schedule.cover", subject=schedule, at=now, facts=facts)
        # Now, and not when it begins: whoever has it then may have to be told before.
        await handovers.look_at(conn, schedule, now)
        return made

    def must_be_possible(self, begins: datetime, ends: datetime) -> None:
        """Raises Refused."""
        now = self._clock.now()
        _must_make_sense(max(begins, now), ends, now)

    async def end(self, actor: Actor, schedule: str, *, planned: bool = False) -> Ended:
        """The cover that holds now ends; `planned`: also those beneath it and to come. Raises Refused."""
        self.must_be_permitted(actor)
        key = self.schedule(schedule).key
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            known = await self._of(conn, key, now)
            # Of two that overlap the newer one holds.
            holds = [one for one in known if one.holds_at(now)][-1:]
            ended = await covers.end(conn, known if planned else holds, ended_by=actor.name, now=now)
            if not ended:
                raise Refused(_nothing_to_end(key, known))
            facts = {"ended": [cover.id for cover in ended]}
            await audit.write(conn, actor=actor.name, deed="schedule.cover", subject=key, at=now, facts=facts)
            await handovers.look_at(conn, key, now)
        await self.learn()
        gone = {cover.id for cover in ended}
        return Ended(ended, [one for one in known if one.id not in gone])

    async def _of(self, conn: Connection, schedule: str, now: datetime) -> list[Cover]:
        return [one for one in await covers.ending_after(conn, now) if one.schedule == schedule]

    async def learn(self) -> None:
        """What was changed is known to this process from now on."""
        async with self._db.statement() as conn:
            await self._people.learn_covers(conn)


def _nothing_to_end(schedule: str, planned: Sequence[Cover]) -> str:
    if not planned:
        return f"Nobody covers {schedule}, so there is nothing to end."
    return (
        f"Nobody covers {schedule} now; {len(planned)} planned. To end what is planned: "
        f"`/escalate cover {schedule} off all`; `/escalate oncall` shows it."
    )


def _must_make_sense(begins: datetime, ends: datetime, now: datetime) -> None:
    if ends <= now:
        raise Refused("That time has passed. Give a future time, for example `until 18:00` or `until Mon 9am`.")
    if ends <= begins:
        raise Refused("That ends before it begins. Give a later time after `until`.")
    if ends - now > LONGEST:
        raise Refused(
            f"That is more than {LONGEST.days} days from now. For a longer absence take them out of the rotation: "
            "change `schedules` in the runbook."
        )

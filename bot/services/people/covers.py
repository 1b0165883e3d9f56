"""Covers: somebody takes over a schedule for a while, or gives it back."""

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

# For a longer absence, somebody should be taken out of the rotation instead.
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class NewCover:
    """A new cover. `replaces`: the earlier covers it overrides, each cut to the time that they overlap."""

    cover: Cover
    replaces: Sequence[Cover]


@dataclass(frozen=True)
class Ended:
    """What was ended. `left`: the schedule's other covers, current and planned."""

    covers: Sequence[Cover]
    left: Sequence[Cover]


class Covers:
    """While a cover lasts it overrides the rotation. Each step of a ladder reads the covers anew."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, permissions: Permissions) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._permissions = permissions

    def schedule(self, key: str) -> Schedule:
        """The schedule with this key, ignoring case. Raises NotFound."""
        known = {one.lower(): schedule for one, schedule in self._runbook.schedules.items()}
        if found := known.get(key.lower()):
            return found
        if not known:
            raise NotFound("The runbook has no schedules, so there is nothing to cover.")
        raise NotFound(f"There is no schedule “{key}”. {advised(key, self._runbook.schedules)}")

    def must_be_permitted(self, actor: Actor) -> None:
        """Raise NotPermitted, naming who may, unless this actor may change covers."""
        self._permissions.must(actor, "schedule.cover")

    async def cover(self, actor: Actor, schedule: str, person: str, *, begins: datetime, ends: datetime) -> NewCover:
        """Give `person` the schedule from `begins` (now at the earliest) to `ends`. Raises Refused."""
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
        """As `cover`, inside the caller's transaction. The caller checks permission, and calls `learn` afterwards."""
        now = self._clock.now()
        made = await covers.insert(
            conn, schedule=schedule, person=person, begins=begins, ends=ends, made_by=actor.name, now=now
        )
        facts = {"person": person, "begins": begins.isoformat(), "ends": ends.isoformat()}
        await audit.write(conn, actor=actor.name, deed="schedule.cover", subject=schedule, at=now, facts=facts)
        # Look now, not when the cover begins: the person may have to be told in advance.
        await handovers.look_at(conn, schedule, now)
        return made

    def must_be_possible(self, begins: datetime, ends: datetime) -> None:
        """Raise Refused when the end has passed, comes before the beginning, or is over `LONGEST` away."""
        now = self._clock.now()
        _must_make_sense(max(begins, now), ends, now)

    async def end(self, actor: Actor, schedule: str, *, planned: bool = False) -> Ended:
        """End the current cover; `planned`: also those beneath it and to come. Raises Refused when there's none."""
        self.must_be_permitted(actor)
        key = self.schedule(schedule).key
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            known = await self._of(conn, key, now)
            # Where covers overlap, the newest one counts.
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
        """Refresh this process's covers, after a change."""
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

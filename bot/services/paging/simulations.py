"""Dry run of a severity's ladder: who would be paged, and where that would fail."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import Failed
from bot.domain.paging.page import Via
from bot.domain.paging.simulation import PlannedPage, Simulation, simulate
from bot.domain.people.identity import is_slack_id
from bot.domain.people.schedule import on_call
from bot.pagers import ways
from bot.runbook import Runbook, Severity, Tier
from bot.services.paging.gaps import ready_ways
from bot.services.paging.policies import policy_of
from bot.services.people.people import People
from bot.settings import Settings
from bot.store.database import Database
from bot.store.telephone import telephone


@dataclass(frozen=True)
class Reach:
    """What paging needs besides the runbook: the ways set up, and the number we text from.

    `strangers`: people of the runbook unknown to Slack. `stopped`: numbers that opted out of texts.
    """

    ready: Collection[Via]
    own_number: str | None = None
    strangers: Collection[str] = ()
    stopped: Collection[str] = ()


class Simulations:
    """Uses the covers and Slack accounts known now."""

    def __init__(self, db: Database, runbook: Runbook, people: People, settings: Settings) -> None:
        self._db = db
        self._runbook = runbook
        self._people = people
        self._reach = Reach(ready_ways(settings), settings.twilio_from)

    async def simulate(self, severity: Severity, begins: datetime) -> Simulation:
        """The ladder as if the incident were declared at `begins`."""
        async with self._db.statement() as conn:
            await self._people.learn_covers(conn)
        reach = await self._known_of(self._runbook.people)

        def ways_at(key: str, at: datetime) -> list[PlannedPage]:
            tier = self._runbook.tiers[key]
            return planned_pages(self._runbook, tier, self._people.in_tier(tier, at), reach)

        return simulate(policy_of(self._runbook, severity), begins, ways_at)

    async def gaps_of_cover(self, schedule: str, person: str) -> list[PlannedPage]:
        """Ways by which the tiers of this schedule could not page this person, each once."""
        reach = await self._known_of([person])
        tiers = [tier for tier in self._runbook.tiers.values() if f"schedule/{schedule}" in map(str, tier.who)]
        found = [way for tier in tiers for way in planned_pages(self._runbook, tier, [person], reach)]
        return list(dict.fromkeys(way for way in found if way.gap))

    async def _known_of(self, people: Iterable[str]) -> Reach:
        """`_reach` completed by what Slack and the telephone company have said about these people."""
        strangers = {key for key in people if not await self._may_be_in_slack(key)}
        async with self._db.statement() as conn:
            stopped = await telephone.stopped(conn)
        return replace(self._reach, strangers=strangers, stopped=stopped)

    async def _may_be_in_slack(self, key: str) -> bool:
        """Whether Slack knows them; True also when it cannot be asked."""
        try:
            return is_slack_id(key) or await self._people.account(key) is not None
        except Failed:
            return True


def simulate_by_rotation(runbook: Runbook, severity: Severity, begins: datetime, reach: Reach) -> Simulation:
    """From the runbook file alone: no covers, no questions to Slack."""

    def ways_at(key: str, at: datetime) -> list[PlannedPage]:
        tier = runbook.tiers[key]
        return planned_pages(runbook, tier, _in_tier(runbook, tier, at), reach)

    return simulate(policy_of(runbook, severity), begins, ways_at)


def planned_pages(runbook: Runbook, tier: Tier, people: Iterable[str], reach: Reach) -> list[PlannedPage]:
    """Every way by which these people would be paged."""
    return [
        PlannedPage(key, via, _gap(runbook, key, via, reach), wait)
        for key in people
        for via, wait in tier.waits.items()
    ]


def _gap(runbook: Runbook, key: str, via: Via, reach: Reach) -> str | None:
    person, way = runbook.people.get(key), ways()[via]
    # For a cover by somebody outside the runbook, Slack is all we have.
    if not way.reaches(person) and not (person is None and via == "slack"):
        return way.no_contact
    if via not in reach.ready:
        return f"not set up, needs {way.credentials}"
    if person and "phone" in way.contacts and person.phone == reach.own_number:
        return "the number is TWILIO_FROM"
    if person and via == "sms" and person.phone in reach.stopped:
        return "has answered STOP"
    return way.no_contact if via == "slack" and key in reach.strangers else None


def _in_tier(runbook: Runbook, tier: Tier, at: datetime) -> list[str]:
    found: dict[str, None] = {}
    for who in tier.who:
        rotation = runbook.schedules[who.key].rotation if who.kind == "schedule" else None
        found[on_call(rotation, at).person if rotation else who.key] = None
    return list(found)

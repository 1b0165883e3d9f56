"""The end of a ladder that nobody answered: the room is told what became of each tier."""

from collections.abc import Sequence

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import Climb
from bot.domain.paging.page import Page
from bot.domain.paging.tier_end import TierEnd, tier_ends
from bot.rendering import Rendering
from bot.services.paging.doubts import as_known
from bot.services.paging.due_steps import DueStep
from bot.services.paging.policies import tier_of
from bot.services.rooms.prompts import Prompts
from bot.slack.blocks import Button
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection

# What is asked at its end is over once somebody answers, or it begins again.
LADDER = "ladder"


class LadderEnds:
    """Runs inside the transaction that has the ladder locked."""

    def __init__(self, clock: Clock, prompts: Prompts, rendering: Rendering) -> None:
        self._clock = clock
        self._prompts = prompts
        self._rendering = rendering

    async def come_to_the_end(self, conn: Connection, due: DueStep, move: Climb) -> None:
        """End the ladder. The room is told only if it was climbing; escalating by hand past the last tier changes
        nothing."""
        escalation = due.escalation
        if escalation.state != "climbing":
            await escalations.save(conn, escalation.moved_to(escalation.ladder))
            return
        await escalations.save(conn, escalation.moved_to(move.ladder, reach_by=None))
        await self._tell(conn, due.incident, escalation)

    async def in_words(self, conn: Connection, escalation: Escalation) -> str:
        """What became of each tier, in one line."""
        ends = await self._ends(conn, escalation)
        return self._rendering.say("documents/tier_ends", ends=ends, tiers=_tiers(escalation))

    async def _tell(self, conn: Connection, incident: Incident, escalation: Escalation) -> None:
        once = f"nobody answered {escalation.run}"
        ends = await self._ends(conn, escalation)
        facts = {"incident": incident, "ends": ends, "tiers": _tiers(escalation)}
        words, now = self._rendering.say("documents/nobody_answered", **facts), self._clock.now()
        if await incidents.write_once(conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=once):
            await self._prompts.ask(conn, incident, LADDER, "nobody_answered", page_again(escalation), **facts)

    async def _ends(self, conn: Connection, escalation: Escalation) -> list[TierEnd]:
        number = escalation.incident_id
        return ends_of(escalation, await as_known(conn, number, await pages.of_incident(conn, number)))


def page_again(escalation: Escalation) -> list[Button]:
    """One button for each tier of the ladder."""
    names, steps = _tiers(escalation), escalation.policy.steps
    return [
        Button(f"Page {names[tier]}", f"escalate.again#{tier}", f"{escalation.incident_id} {tier}")
        for tier in dict.fromkeys(step.tier for step in steps)
    ]


def ends_of(escalation: Escalation, made: Sequence[Page]) -> list[TierEnd]:
    """What became of each tier, in the ladder's current run."""
    run = [page for page in made if page.run == escalation.run]
    return tier_ends([step.tier for step in escalation.policy.steps], run)


def _tiers(escalation: Escalation) -> dict[str, str]:
    """Tier names by key."""
    return {key: tier_of(escalation.policy, key).name for key in escalation.policy.tiers}

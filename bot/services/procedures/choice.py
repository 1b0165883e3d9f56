"""Finds procedures: those that fit an incident, those under way, and one by name."""

import logging
from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.errors import Failed, NotFound
from bot.domain.incidents.incident import Incident
from bot.domain.procedures.fitting import WORD, Fitting, fitting
from bot.domain.procedures.run import Run
from bot.runbook import Runbook
from bot.runbook.mistakes import nearest
from bot.runbook.procedure_cautions import due_for_review
from bot.runbook.procedures import Procedure
from bot.services.procedures.cards import ProcedureCards
from bot.services.procedures.signs import signs_of
from bot.slack.blocks import Message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.procedures import procedures
from bot.store.rooms import cards

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnderWay:
    """A run that hasn't ended. `link`: to its message; None: not posted yet, or Slack doesn't tell."""

    run: Run
    link: str | None


class ProcedureChoice:
    """Only reads; nothing is started here."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, cards: ProcedureCards, gateway: Gateway) -> None:
        self._gateway = gateway
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._cards = cards

    async def fitting(self, incident: Incident) -> list[Fitting]:
        """Procedures that fit the incident, best first; may be empty."""
        async with self._db.transaction() as conn:
            signs = await signs_of(conn, incident)
        words = f"{incident.title} {incident.impact or ''}"
        return fitting(self._runbook.procedures.values(), incident.severity, words, signs)

    async def under_way(self, incident: Incident) -> list[UnderWay]:
        async with self._db.transaction() as conn:
            known = await procedures.of_incident(conn, incident.id)
        return [UnderWay(run, await self.link(run)) for run in known if run.ended_at is None]

    async def link(self, run: Run) -> str | None:
        """A link to its message, which may be far up in the channel; None: as in `UnderWay`."""
        async with self._db.statement() as conn:
            card = await cards.get(conn, f"procedure:{run.id}")
        try:
            return await self._gateway.permalink(Posted(card.channel, card.ts)) if card else None
        except Failed as error:
            log.info("procedure=%s has no link: %s", run.id, error)
            return None

    async def all_steps(self, incident_id: int, run_id: int, start: int = 0) -> Message:
        """Its steps from index `start`. Raises NotFound if the run isn't this incident's."""
        async with self._db.transaction() as conn:
            run = await procedures.get(conn, run_id)
            if run.incident_id != incident_id:
                raise NotFound("This incident has no such procedure. `/incident runbook` shows those there are.")
            return await self._cards.all_steps(conn, run, await incidents.get(conn, incident_id), start)

    async def shown(self, run: Run) -> Message:
        """A copy of its message, for somebody who can't see the one in the channel."""
        async with self._db.transaction() as conn:
            return await self._cards.shown(conn, await procedures.get(conn, run.id))

    def due_for_review(self) -> list[Procedure]:
        """Procedures whose review date has passed, oldest first."""
        return due_for_review(self._runbook, self._clock.now().astimezone(self._runbook.timezone).date())

    def meant(self, name: str) -> Procedure:
        """The one with this key or title, ignoring case, or the only one that contains all the words.

        Raises NotFound with a suggestion.
        """
        known, wanted = self._runbook.procedures, " ".join(name.split()).lower()
        by_name = {one.title.lower(): one for one in known.values()} | {key.lower(): one for key, one in known.items()}
        if wanted in by_name:
            return by_name[wanted]
        words = set(WORD.findall(wanted))
        alike = [
            one for one in known.values() if words and words <= set(WORD.findall(f"{one.key} {one.title}".lower()))
        ]
        if len(alike) == 1:
            return alike[0]
        if close := nearest(wanted, by_name):
            raise NotFound(f"There is no procedure “{name}”. Did you mean `/incident runbook {by_name[close].key}`?")
        raise NotFound(f"There is no procedure “{name}”. {_those(alike or list(known.values()))}")


def _those(procedures: list[Procedure]) -> str:
    """A sentence that names up to ten of them."""
    if not procedures:
        return "The runbook has none yet: write some under `procedures`."
    names = ", ".join(one.key for one in procedures[:10])
    return f"The runbook has {names}{f', and {len(procedures) - 10} more' if len(procedures) > 10 else ''}."

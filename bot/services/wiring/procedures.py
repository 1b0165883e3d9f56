"""Procedures of the runbook, step by step."""

from functools import cached_property

from bot.services.procedures.cards import ProcedureCards
from bot.services.procedures.choice import ProcedureChoice
from bot.services.procedures.facts import Facts
from bot.services.procedures.opening import ProcedureOpening
from bot.services.procedures.proving import ProcedureProving
from bot.services.procedures.records import ProcedureRecords
from bot.services.procedures.runs import ProcedureRuns
from bot.services.wiring.watching import Watching


class Procedures(Watching):
    """Needs alerts, which name procedures, and checks and backups, which prove steps."""

    @cached_property
    def procedure_cards(self) -> ProcedureCards:
        return ProcedureCards(
            self.runbook, self.channels, self.permissions, self.procedure_facts, self.cards, self.rendering
        )

    @cached_property
    def procedure_records(self) -> ProcedureRecords:
        return ProcedureRecords(self.people, self.permissions, self.cards, self.posts, self.prompts, self.rendering)

    @cached_property
    def procedure_proving(self) -> ProcedureProving:
        return ProcedureProving(
            self.db, self.clock, self.runbook, self.procedure_facts, self.procedure_records, self._look
        )

    @cached_property
    def procedure_facts(self) -> Facts:
        return Facts(self.clock, self.runbook, self.rendering)

    async def _look(self, check: str) -> None:
        await (await self.health.look(check)).all()

    @cached_property
    def procedure_runs(self) -> ProcedureRuns:
        return ProcedureRuns(self.db, self.runbook, self.permissions, self.deeds, self.procedure_records)

    @cached_property
    def procedure_opening(self) -> ProcedureOpening:
        opening = ProcedureOpening(self.clock, self.procedure_runs)
        self.alert_incidents.opens_by(opening)
        return opening

    @cached_property
    def procedure_choice(self) -> ProcedureChoice:
        return ProcedureChoice(self.db, self.clock, self.runbook, self.procedure_cards, self.gateway)

"""Backups, and the proof that they bring the data back."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bot.dumpers import BackupPlace, dumpers, places, program_folders, restorers
from bot.services.backups.adoption import Adoption
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.backups import Backups
from bot.services.backups.cards import BackupCards
from bot.services.backups.drill_cards import DrillCards
from bot.services.backups.drill_ledger import DrillLedger
from bot.services.backups.drill_runs import DrillRuns
from bot.services.backups.drills import Drills
from bot.services.backups.dumps import Dumps
from bot.services.backups.findings import Findings
from bot.services.backups.ledger import BackupLedger
from bot.services.backups.leftovers import Leftovers
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.reports import WeeklyReports
from bot.services.backups.restore_cards import RestoreCards
from bot.services.backups.restore_decisions import RestoreDecisions
from bot.services.backups.restore_ledger import RestoreLedger
from bot.services.backups.restore_log import RestoreLog
from bot.services.backups.restore_plans import RestorePlans
from bot.services.backups.restore_rounds import RestoreRounds
from bot.services.backups.restore_runs import RestoreRuns
from bot.services.backups.restores import Restores
from bot.services.backups.retention import Retention
from bot.services.backups.runs import Runs
from bot.services.backups.safety import SafetyBackups
from bot.services.backups.verdicts import Verdicts
from bot.services.backups.verifications import Verifications
from bot.services.backups.witnesses import Witnesses
from bot.services.wiring.watching import Watching
from bot.settings import Settings
from bot.store.embedded.place import binaries

BACKUPS_FOLDER = "backups"


def backups_folder(settings: Settings) -> Path:
    """Where backups go for which the runbook names no place."""
    return settings.home / BACKUPS_FOLDER


class Recovery(Watching):
    """Runs, verdicts, retention, drills, restores."""

    @cached_property
    def backup_tools(self) -> Sequence[Path]:
        """Folders searched for programs in addition to PATH."""
        return program_folders(binaries())

    @cached_property
    def backup_places(self) -> Mapping[str, BackupPlace]:
        return places(self.settings)

    @cached_property
    def backup_cards(self) -> BackupCards:
        return BackupCards(self.runbook, self.channels, self.cards, self.rendering)

    @cached_property
    def backup_alerts(self) -> BackupAlerts:
        return BackupAlerts(self.db, self.clock, self.runbook, self.alerts, self.rendering)

    @cached_property
    def backup_retention(self) -> Retention:
        return Retention(self.db, self.clock, self.runbook, self.backup_places)

    @cached_property
    def backup_dumps(self) -> Dumps:
        home, tools = backups_folder(self.settings), self.backup_tools
        return Dumps(self.runbook, dumpers(), self.backup_places, home=home, tools=tools)

    @cached_property
    def backup_ledger(self) -> BackupLedger:
        return BackupLedger(self.db, self.clock, self.backup_cards, self.backup_alerts)

    @cached_property
    def backup_runs(self) -> Runs:
        return Runs(self.backup_ledger, self.backup_dumps, self.backup_retention)

    @cached_property
    def backup_verdicts(self) -> Verdicts:
        return Verdicts(self.db, self.clock, self.runbook, self.backup_cards, self.backup_alerts, self.backup_dumps)

    @cached_property
    def backup_verifications(self) -> Verifications:
        return Verifications(self.db, self.clock, self.permissions, self.backup_verdicts)

    @cached_property
    def backups(self) -> Backups:
        return Backups(self.db, self.clock, self.runbook, self.permissions, self.backup_dumps, self.backup_runs)

    @cached_property
    def backup_adoption(self) -> Adoption:
        return Adoption(self.db, self.clock, self.runbook, self.backup_dumps, self.backup_alerts, self.backup_findings)

    @cached_property
    def backup_findings(self) -> Findings:
        return Findings(self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def backup_reports(self) -> WeeklyReports:
        return WeeklyReports(self.db, self.clock, self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def backup_recovery(self) -> BackupRecovery:
        return BackupRecovery(self.db, self.runbook, self.backup_dumps, restorers(), tools=self.backup_tools)

    @cached_property
    def backup_drill_cards(self) -> DrillCards:
        return DrillCards(self.runbook, self.channels, self.cards, self.rendering)

    @cached_property
    def backup_drill_ledger(self) -> DrillLedger:
        return DrillLedger(self.db, self.clock, self.runbook, self.cards, self.backup_alerts, self.backup_leftovers)

    @cached_property
    def backup_leftovers(self) -> Leftovers:
        return Leftovers(self.clock, self.backup_alerts)

    @cached_property
    def backup_drill_runs(self) -> DrillRuns:
        return DrillRuns(self.backup_drill_ledger, self.backup_recovery, self.backup_verdicts)

    @cached_property
    def backup_drills(self) -> Drills:
        return Drills(self.db, self.clock, self.runbook, self.permissions, self.backup_recovery, self.backup_drill_runs)

    @cached_property
    def backup_restore_cards(self) -> RestoreCards:
        return RestoreCards(
            self.runbook, self.channels, self.permissions, self.backup_recovery, self.cards, self.rendering
        )

    @cached_property
    def backup_restore_log(self) -> RestoreLog:
        return RestoreLog(
            self.clock, self.runbook, self.channels, self.posts, self.backup_restore_cards, self.rendering
        )

    @cached_property
    def backup_restore_ledger(self) -> RestoreLedger:
        return RestoreLedger(self.db, self.clock, self.runbook, self.backup_restore_log, self.backup_leftovers)

    @cached_property
    def backup_witnesses(self) -> Witnesses:
        return Witnesses(self.declarations, self.escalations, self.people, self.permissions, self.rooms, self.rendering)

    @cached_property
    def backup_restore_plans(self) -> RestorePlans:
        return RestorePlans(self.db, self.clock, self.runbook, self.people, self.permissions, self.backup_recovery)

    @cached_property
    def backup_restore_runs(self) -> RestoreRuns:
        safety = SafetyBackups(self.backups, self.backup_recovery, self.backup_restore_ledger)
        return RestoreRuns(self.backup_restore_ledger, self.backup_verdicts, safety, self.backup_recovery)

    @cached_property
    def backup_restores(self) -> Restores:
        return Restores(
            self.db, self.clock, self.backup_restore_plans, self.backup_witnesses, self.backup_restore_log,
            self.backup_restore_runs,
        )  # fmt: skip

    @cached_property
    def backup_restore_decisions(self) -> RestoreDecisions:
        return RestoreDecisions(
            self.db, self.clock, self.people, self.permissions, self.backup_restore_log, self.backup_restore_runs
        )

    @cached_property
    def backup_restore_rounds(self) -> RestoreRounds:
        return RestoreRounds(self.db, self.clock, self.runbook, self.backup_restore_log, self.backup_restore_runs)

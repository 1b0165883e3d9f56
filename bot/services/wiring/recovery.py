"""Backups, and the proof that they bring the data back."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bot.dumpers import Place, dumpers, places, program_folders, restorers
from bot.services.backups.adoption import BackupAdoption
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.backups import Backups
from bot.services.backups.cards import BackupCards
from bot.services.backups.drill_cards import BackupDrillCards
from bot.services.backups.drill_runs import BackupDrillRuns
from bot.services.backups.drills import BackupDrills
from bot.services.backups.findings import BackupFindings
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.reports import BackupReports
from bot.services.backups.restore_cards import BackupRestoreCards
from bot.services.backups.restore_log import BackupRestoreLog
from bot.services.backups.restore_pages import BackupRestorePages
from bot.services.backups.restore_plans import BackupRestorePlans
from bot.services.backups.restore_runs import BackupRestoreRuns
from bot.services.backups.restores import BackupRestores
from bot.services.backups.retention import BackupRetention
from bot.services.backups.runs import BackupRuns
from bot.services.backups.verdicts import BackupVerdicts
from bot.services.backups.verifications import BackupVerifications
from bot.services.wiring.watching import Watching
from bot.settings import Settings
from bot.store.embedded.place import binaries

BACKUPS_FOLDER = "backups"


def backups_folder(settings: Settings) -> Path:
    """Where the backups are that the runbook gives no place."""
    return settings.home / BACKUPS_FOLDER


class Recovery(Watching):
    """Runs, verdicts, retention, drills, restores."""

    @cached_property
    def backup_tools(self) -> Sequence[Path]:
        """Where programs are looked for beside the PATH."""
        return program_folders(binaries())

    @cached_property
    def backup_places(self) -> Mapping[str, Place]:
        return places(self.settings)

    @cached_property
    def backup_cards(self) -> BackupCards:
        return BackupCards(self.runbook, self.channels, self.cards, self.rendering)

    @cached_property
    def backup_alerts(self) -> BackupAlerts:
        return BackupAlerts(self.db, self.clock, self.runbook, self.alerts, self.rendering)

    @cached_property
    def backup_retention(self) -> BackupRetention:
        return BackupRetention(self.db, self.clock, self.runbook, self.backup_places)

    @cached_property
    def backup_runs(self) -> BackupRuns:
        return BackupRuns(
            self.db, self.clock, self.runbook, self.backup_cards, self.backup_alerts, self.backup_retention,
            dumpers(), self.backup_places, home=backups_folder(self.settings), tools=self.backup_tools,
        )  # fmt: skip

    @cached_property
    def backup_verdicts(self) -> BackupVerdicts:
        return BackupVerdicts(
            self.db, self.clock, self.runbook, self.backup_cards, self.backup_alerts, self.backup_runs
        )

    @cached_property
    def backup_verifications(self) -> BackupVerifications:
        return BackupVerifications(self.db, self.clock, self.permissions, self.backup_verdicts)

    @cached_property
    def backups(self) -> Backups:
        return Backups(
            self.db, self.clock, self.runbook, self.permissions, self.backup_cards, self.backup_alerts,
            self.backup_runs,
        )  # fmt: skip

    @cached_property
    def backup_adoption(self) -> BackupAdoption:
        return BackupAdoption(
            self.db, self.clock, self.runbook, self.backup_runs, self.backup_alerts, self.backup_findings
        )

    @cached_property
    def backup_findings(self) -> BackupFindings:
        return BackupFindings(self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def backup_reports(self) -> BackupReports:
        return BackupReports(self.db, self.clock, self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def backup_recovery(self) -> BackupRecovery:
        return BackupRecovery(self.db, self.runbook, self.backup_runs, restorers(), tools=self.backup_tools)

    @cached_property
    def backup_drill_cards(self) -> BackupDrillCards:
        return BackupDrillCards(self.runbook, self.channels, self.cards, self.rendering)

    @cached_property
    def backup_drill_runs(self) -> BackupDrillRuns:
        return BackupDrillRuns(
            self.db, self.clock, self.runbook, self.backup_recovery, self.backup_verdicts, self.cards,
            self.backup_alerts,
        )  # fmt: skip

    @cached_property
    def backup_drills(self) -> BackupDrills:
        return BackupDrills(
            self.db, self.clock, self.runbook, self.permissions, self.backup_recovery, self.backup_drill_runs
        )

    @cached_property
    def backup_restore_cards(self) -> BackupRestoreCards:
        return BackupRestoreCards(
            self.runbook, self.channels, self.permissions, self.backup_recovery, self.cards, self.rendering
        )

    @cached_property
    def backup_restore_log(self) -> BackupRestoreLog:
        return BackupRestoreLog(
            self.clock, self.runbook, self.channels, self.posts, self.backup_restore_cards, self.rendering
        )

    @cached_property
    def backup_restore_pages(self) -> BackupRestorePages:
        return BackupRestorePages(self.incidents, self.escalations, self.people, self.rendering)

    @cached_property
    def backup_restore_plans(self) -> BackupRestorePlans:
        return BackupRestorePlans(self.db, self.runbook, self.backup_recovery)

    @cached_property
    def backup_restore_runs(self) -> BackupRestoreRuns:
        return BackupRestoreRuns(
            self.db, self.clock, self.runbook, self.backups, self.backup_verdicts, self.backup_recovery,
            self.backup_restore_log,
        )  # fmt: skip

    @cached_property
    def backup_restores(self) -> BackupRestores:
        return BackupRestores(
            self.db, self.clock, self.runbook, self.people, self.permissions, self.rooms, self.backup_restore_plans,
            self.backup_restore_log, self.backup_restore_pages, self.backup_restore_runs,
        )  # fmt: skip

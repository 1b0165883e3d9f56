"""Builds what has to do with backups: taken, kept, proved, and brought back."""

from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
from bot.dumpers import dumpers, places, restorers
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alerts import Alerts
from bot.services.backup_alerts import BackupAlerts
from bot.services.backup_cards import BackupCards
from bot.services.backup_drill_cards import BackupDrillCards
from bot.services.backup_drill_runs import BackupDrillRuns
from bot.services.backup_drills import BackupDrills
from bot.services.backup_recovery import BackupRecovery
from bot.services.backup_reports import BackupReports
from bot.services.backup_restore_cards import BackupRestoreCards
from bot.services.backup_restore_log import BackupRestoreLog
from bot.services.backup_restore_pages import BackupRestorePages
from bot.services.backup_restore_runs import BackupRestoreRuns
from bot.services.backup_restores import BackupRestores
from bot.services.backup_retention import BackupRetention
from bot.services.backup_runs import BackupRuns
from bot.services.backup_verdicts import BackupVerdicts
from bot.services.backups import Backups
from bot.services.cards import Cards
from bot.services.channels import Channels
from bot.services.people import People
from bot.services.permissions import Permissions
from bot.services.posts import Posts
from bot.services.rooms import Rooms
from bot.settings import Settings
from bot.store.database import Database
from bot.store.embedded_place import binaries

BACKUPS_FOLDER = "backups"


@dataclass(frozen=True)
class Common:
    """What most services are built from."""

    settings: Settings
    runbook: Runbook
    clock: Clock
    db: Database
    permissions: Permissions
    channels: Channels
    cards: Cards
    posts: Posts
    rendering: Rendering


@dataclass(frozen=True)
class Keeping:
    """Everything about backups."""

    backups: Backups
    alerts: BackupAlerts
    verdicts: BackupVerdicts
    reports: BackupReports
    drills: BackupDrills
    restores: BackupRestores


def build_backups(
    common: Common, alerts: Alerts, people: People, rooms: Rooms, restore_pages: BackupRestorePages
) -> Keeping:
    db, clock, runbook, rendering = common.db, common.clock, common.runbook, common.rendering
    channels, cards = common.channels, common.cards
    tools = [found] if (found := binaries()) else []
    backup_cards = BackupCards(runbook, channels, cards, rendering)
    backup_alerts = BackupAlerts(db, clock, runbook, alerts, rendering)
    kept_in = places(common.settings)
    retention = BackupRetention(db, clock, runbook, kept_in)
    runs = BackupRuns(
        db, clock, runbook, backup_cards, backup_alerts, retention, dumpers(), kept_in,
        home=backups_folder(common.settings), tools=tools,
    )  # fmt: skip
    verdicts = BackupVerdicts(db, clock, runbook, backup_cards, backup_alerts, runs)
    recovery = BackupRecovery(runbook, runs, restorers(), tools=tools)
    BackupDrillCards(runbook, channels, cards, rendering)
    drill_runs = BackupDrillRuns(db, clock, runbook, recovery, verdicts, cards, backup_alerts)
    kept = Backups(db, clock, runbook, common.permissions, backup_cards, backup_alerts, runs)
    restore_cards = BackupRestoreCards(runbook, channels, common.permissions, cards, rendering)
    diary = BackupRestoreLog(clock, runbook, channels, common.posts, restore_cards, rendering)
    restore_runs = BackupRestoreRuns(db, clock, runbook, kept, verdicts, recovery, diary)
    return Keeping(
        backups=kept,
        alerts=backup_alerts,
        verdicts=verdicts,
        reports=BackupReports(db, clock, runbook, channels, common.posts, rendering),
        drills=BackupDrills(db, clock, runbook, common.permissions, recovery, drill_runs),
        restores=BackupRestores(
            db, clock, runbook, people, common.permissions, rooms, recovery, diary, restore_pages, restore_runs
        ),
    )


def backups_folder(settings: Settings) -> Path:
    """Where the backups are that the runbook gives no place."""
    return settings.home / BACKUPS_FOLDER

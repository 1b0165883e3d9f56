"""What the house does, one module a subject; `Services` is all of it, as the doors are given it."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.metrics import Metrics
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alert_deeds import AlertDeeds
from bot.services.alerts import Alerts
from bot.services.approvals import Approvals
from bot.services.backup_alerts import BackupAlerts
from bot.services.backup_drills import BackupDrills
from bot.services.backup_reports import BackupReports
from bot.services.backup_restores import BackupRestores
from bot.services.backup_verdicts import BackupVerdicts
from bot.services.backups import Backups
from bot.services.cards import Cards
from bot.services.channels import Channels
from bot.services.check_charts import CheckCharts
from bot.services.checks import Checks
from bot.services.communications import Communications
from bot.services.covers import Covers
from bot.services.deadlines import Deadlines
from bot.services.escalations import Escalations
from bot.services.handovers import Handovers
from bot.services.health import Health
from bot.services.heartbeats import Heartbeats
from bot.services.housekeeping import Housekeeping
from bot.services.incident_cards import IncidentCards
from bot.services.incidents import Incidents
from bot.services.ladders import Ladders
from bot.services.lifesign import Lifesign
from bot.services.links import Links
from bot.services.notes import Notes
from bot.services.outages import Outages
from bot.services.outbox import Outbox
from bot.services.page_reports import PageReports
from bot.services.people import People
from bot.services.permissions import Permissions
from bot.services.posts import Posts
from bot.services.promises import Promises
from bot.services.pulse import Pulse
from bot.services.reception import Reception
from bot.services.replies import Replies
from bot.services.rooms import Rooms
from bot.services.schema import Schema
from bot.services.silences import Silences
from bot.services.simulations import Simulations
from bot.services.telling_cards import TellingCards
from bot.services.trials import Trials
from bot.settings import Settings
from bot.slack.gateway import Gateway
from bot.store.database import Database


@dataclass(frozen=True)
class Services:
    """Everything a door may ask for."""

    settings: Settings
    runbook: Runbook
    clock: Clock
    db: Database
    rendering: Rendering
    metrics: Metrics
    gateway: Gateway
    people: People
    channels: Channels
    reception: Reception
    permissions: Permissions
    outages: Outages
    outbox: Outbox
    cards: Cards
    posts: Posts
    incidents: Incidents
    notes: Notes
    incident_cards: IncidentCards
    ladders: Ladders
    links: Links
    pulse: Pulse
    schema: Schema
    lifesign: Lifesign
    trials: Trials
    escalations: Escalations
    page_reports: PageReports
    replies: Replies
    rooms: Rooms
    alerts: Alerts
    alert_deeds: AlertDeeds
    covers: Covers
    handovers: Handovers
    deadlines: Deadlines
    silences: Silences
    simulations: Simulations
    heartbeats: Heartbeats
    checks: Checks
    health: Health
    check_charts: CheckCharts
    backups: Backups
    backup_alerts: BackupAlerts
    backup_reports: BackupReports
    backup_verdicts: BackupVerdicts
    backup_drills: BackupDrills
    backup_restores: BackupRestores
    communications: Communications
    approvals: Approvals
    promises: Promises
    housekeeping: Housekeeping
    telling_cards: TellingCards

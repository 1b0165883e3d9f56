"""Builds the house: every service from what it needs, no business `if`."""

from functools import partial
from typing import Any

import aiohttp

from bot import publishers
from bot.charts import Drawing
from bot.clock import Clock
from bot.hooks import Hooks
from bot.house_backups import Common, build_backups
from bot.mail import Mail
from bot.metrics import Metrics
from bot.pagers import Parts, on_the_shelf
from bot.probes import shelf
from bot.rendering import Rendering, Safe, escape_mrkdwn
from bot.runbook import Runbook
from bot.services import Services
from bot.services.alert_cards import AlertCards
from bot.services.alert_deeds import AlertDeeds
from bot.services.alert_incidents import AlertIncidents
from bot.services.alert_outlets import AlertOutlets
from bot.services.alerts import Alerts
from bot.services.approvals import Approvals
from bot.services.backup_restore_pages import BackupRestorePages
from bot.services.cards import Cards
from bot.services.channels import Channels
from bot.services.check_alarms import CheckAlarms
from bot.services.check_charts import CheckCharts
from bot.services.checks import Checks
from bot.services.communications import Communications
from bot.services.covers import Covers
from bot.services.deadlines import Deadlines
from bot.services.deeds import Deeds
from bot.services.escalations import Escalations
from bot.services.handovers import Handovers
from bot.services.health import Health
from bot.services.heartbeats import Heartbeats
from bot.services.housekeeping import Housekeeping
from bot.services.incident_cards import IncidentCards
from bot.services.incidents import Incidents
from bot.services.keyring import Keyring
from bot.services.ladders import Ladders
from bot.services.lifesign import Lifesign
from bot.services.links import Links
from bot.services.looking import Looking
from bot.services.notes import Notes
from bot.services.outages import Outages
from bot.services.outbox import Outbox
from bot.services.page_followups import PageFollowups
from bot.services.page_reports import PageReports
from bot.services.pages import Pages
from bot.services.people import People
from bot.services.permissions import Permissions
from bot.services.posts import Posts
from bot.services.promises import Promises
from bot.services.publications import Publications
from bot.services.pulse import Pulse
from bot.services.reception import Reception
from bot.services.replies import Replies
from bot.services.rooms import Rooms
from bot.services.schema import Schema
from bot.services.silences import Silences
from bot.services.simulations import Simulations
from bot.services.telephone_book import TelephoneBook
from bot.services.telling_cards import TellingCards
from bot.services.trials import Trials
from bot.services.wordings import Wordings
from bot.settings import Settings
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.telephone import Telephone

DRAWING_FOLDER = "drawing"


def build(
    settings: Settings, runbook: Runbook, clock: Clock, db: Database, session: aiohttp.ClientSession, metrics: Metrics
) -> Services:
    """The services of one process, connected to each other; nothing runs yet."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    gateway = Gateway(session, clock, token=token, base_url=settings.slack_api_url, metrics=metrics)
    rendering = Rendering(runbook.timezone, slash_commands=runbook.slash_commands.model_dump())
    mail = _mail(settings, clock)
    pulse, schema = Pulse(), Schema(db)
    keyring = Keyring(db, clock)
    hooks = Hooks(session, clock, keyring.of_webhook)
    people = People(db, clock, runbook, gateway)
    _teach_names(rendering, people)
    permissions = Permissions(clock, runbook, people)
    outbox = Outbox(db, clock)
    cards = Cards(db, clock, outbox, gateway)
    channels = Channels(db, runbook, gateway)
    posts = Posts(db, runbook, channels, outbox, gateway, rendering)
    rooms = Rooms(db, clock, runbook, people, channels, outbox, cards, posts, gateway, rendering)
    incident_cards = IncidentCards(db, clock, runbook, people, channels, rooms, cards, rendering)
    links = Links(db, clock, keyring, public_url=settings.public_url)
    book = TelephoneBook(db, clock, runbook)
    parts = Parts(
        clock=clock,
        runbook=runbook,
        rendering=rendering,
        messenger=gateway,
        paint=incident_cards.page_message,
        account_of=people.account,
        known_account=people.known_account,
        acknowledge_link=links.link_to,
        mail=mail,
        session=session,
        settings=settings,
        hooks=hooks,
        telephone=_telephone(settings, session, clock),
        has_stopped=book.has_stopped,
        belongs_elsewhere=book.belongs_elsewhere,
    )
    pagers = on_the_shelf(parts)
    followups = PageFollowups(db, outbox, pagers)
    paging = Pages(db, clock, runbook, people, outbox, cards, rendering, pagers, followups, metrics)
    ladders = Ladders(db, clock, runbook, people, paging, rooms, posts, cards)
    outbox.pages_are_coming = lambda: ladders.is_a_storm
    deeds = Deeds(db, clock, rooms)
    escalations = Escalations(clock, runbook, people, permissions, ladders, paging, rooms, posts, cards, deeds)
    incidents = Incidents(db, clock, runbook, permissions, ladders, escalations, rooms, posts, deeds)
    tied = AlertIncidents(clock, runbook, incidents, posts, cards, rendering)
    AlertCards(clock, runbook, channels, tied, cards, rendering)
    hook = partial(hooks.post, whose="the webhook of the alerts")
    outlets = AlertOutlets(db, runbook, outbox, rendering, mail=mail, hook=hook)
    alerts = Alerts(db, clock, runbook, tied, outlets, cards)
    common = Common(settings, runbook, clock, db, permissions, channels, cards, posts, rendering)
    keeping = build_backups(common, alerts, people, rooms, BackupRestorePages(incidents, escalations, rendering))
    wordings = Wordings(clock, runbook, people, rendering)
    outlets_of_words = publishers.on_the_shelf(publishers.Parts(gateway, wordings.for_slack, channels.find, mail))
    publications = Publications(db, clock, outbox, cards, rendering, outlets_of_words)
    promises = Promises(db, clock, runbook, posts, rendering)
    approvals = Approvals(db, clock, runbook, people, permissions, cards, rooms, rendering, publications, promises)
    telling_cards = TellingCards(db, runbook, channels, permissions, cards, rendering)
    communications = Communications(
        db, clock, runbook, permissions, outbox, cards, wordings, publications, promises, approvals
    )
    deadlines, silences = (
        Deadlines(db, clock, runbook, posts, cards, rendering),
        Silences(db, clock, runbook, people, ladders, rooms, posts),
    )
    deeds.followed_by(tied, communications, deadlines, silences)
    checks, health = _watch(db, clock, runbook, alerts, rendering)
    return Services(
        settings=settings,
        runbook=runbook,
        clock=clock,
        db=db,
        rendering=rendering,
        metrics=metrics,
        gateway=gateway,
        people=people,
        channels=channels,
        permissions=permissions,
        reception=Reception(db, clock, schema),
        outages=Outages(db, clock, runbook, people, posts, gateway, rendering),
        outbox=outbox,
        cards=cards,
        posts=posts,
        incidents=incidents,
        notes=Notes(deeds, rooms, posts),
        incident_cards=incident_cards,
        ladders=ladders,
        links=links,
        pulse=pulse,
        schema=schema,
        trials=Trials(db, clock, runbook, ladders, paging, rendering),
        lifesign=Lifesign(db, clock, pulse, session, settings.heartbeat_url),
        escalations=escalations,
        page_reports=PageReports(db, clock, people, paging, cards, rendering),
        replies=Replies(db, runbook, people, escalations, incident_cards, book, rendering),
        rooms=rooms,
        alerts=alerts,
        alert_deeds=AlertDeeds(db, clock, people, permissions, escalations, alerts, tied),
        covers=Covers(db, clock, runbook, people, permissions),
        simulations=Simulations(db, runbook, people, settings),
        deadlines=deadlines,
        silences=silences,
        handovers=Handovers(db, clock, runbook, people, outbox, gateway, rendering),
        heartbeats=Heartbeats(db, clock, runbook, alerts, rendering),
        checks=checks,
        housekeeping=Housekeeping(db, clock, alerts, checks),
        health=health,
        check_charts=CheckCharts(
            db, clock, runbook, health, Drawing(settings.home / DRAWING_FOLDER), gateway, rendering
        ),
        communications=communications,
        approvals=approvals,
        promises=promises,
        telling_cards=telling_cards,
        backups=keeping.backups,
        backup_alerts=keeping.alerts,
        backup_verdicts=keeping.verdicts,
        backup_reports=keeping.reports,
        backup_drills=keeping.drills,
        backup_restores=keeping.restores,
    )


def _watch(db: Database, clock: Clock, runbook: Runbook, alerts: Alerts, rendering: Rendering) -> tuple[Checks, Health]:
    """The watch over what the runbook wants watched, and what people ask of it."""
    looking = Looking(shelf())
    checks = Checks(db, clock, runbook, looking, CheckAlarms(runbook, alerts, looking, rendering))
    return checks, Health(db, clock, runbook, looking, checks)


def _teach_names(rendering: Rendering, people: People) -> None:
    """`mention` writes a person so that Slack tells them, `name` only names them."""

    def mention(name: str) -> Safe:
        return Safe(people.mention(name) or escape_mrkdwn(people.display_name(name)))

    def name(actor: str) -> Any:
        """Somebody outside the runbook has no other name than Slack's; naming them does not notify anybody twice."""
        shown = people.display_name(actor)
        return mention(actor) if shown == actor and people.mention(actor) else shown

    rendering.use(mention=mention, name=name)


def _telephone(settings: Settings, session: aiohttp.ClientSession, clock: Clock) -> Telephone | None:
    if settings.twilio is None:
        return None
    return Telephone(settings.twilio, session, clock, public_url=settings.public_url)


def _mail(settings: Settings, clock: Clock) -> Mail | None:
    if settings.smtp is None or settings.mail_from is None:
        return None
    return Mail(settings.smtp, settings.mail_from, clock)

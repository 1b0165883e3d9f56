"""Alerts from outside, and what the runbook has watched."""

from collections.abc import Mapping
from functools import cached_property, partial

from bot.charts import Drawing
from bot.probes import shelf
from bot.services.alerts.alerts import Alerts
from bot.services.alerts.cards import AlertCards
from bot.services.alerts.declarations import AlertDeclarations
from bot.services.alerts.deeds import AlertDeeds
from bot.services.alerts.disputes import AlertDisputes
from bot.services.alerts.error_listing import ErrorListing
from bot.services.alerts.heartbeats import Heartbeats
from bot.services.alerts.history import AlertHistory
from bot.services.alerts.incidents import AlertIncidents
from bot.services.alerts.outlets import AlertOutlets
from bot.services.alerts.problem_reports import ProblemReports
from bot.services.alerts.refusals import AlertRefusals
from bot.services.alerts.report_link import ReportLink
from bot.services.alerts.responses import AlertResponses
from bot.services.alerts.room_news import AlertRoomNews
from bot.services.alerts.settling import AlertSettling
from bot.services.alerts.silence_posts import SilencePosts
from bot.services.alerts.silences import Silences
from bot.services.checks.alarms import CheckAlarms
from bot.services.checks.charts import ChartFiles, CheckCharts
from bot.services.checks.checks import Checks
from bot.services.checks.health import Health
from bot.services.checks.probing import Looking
from bot.services.wiring.paging import Paging
from bot.sources import Source, every_source


class Watching(Paging):
    """Alerts, heartbeats, and checks."""

    @cached_property
    def alert_incidents(self) -> AlertIncidents:
        news = AlertRoomNews(self.clock, self.posts, self.prompts, self.rendering)
        return AlertIncidents(self.clock, self.runbook, self.declarations, news, self.cards)

    @cached_property
    def alert_cards(self) -> AlertCards:
        cards = AlertCards(self.clock, self.runbook, self.channels, self.alert_incidents, self.cards, self.rendering)
        self.closures.catches_up(self.runbook.channels.alerts, cards.show_open)
        return cards

    @cached_property
    def alert_outlets(self) -> AlertOutlets:
        hook = partial(self.hooks.post, whose="the webhook of the alerts")
        return AlertOutlets(self.db, self.runbook, self.outbox, self.rendering, mail=self.mail, hook=hook)

    @cached_property
    def alert_settling(self) -> AlertSettling:
        return AlertSettling(
            self.clock, self.runbook, self.alert_incidents, self.alert_outlets, self.cards, self.alert_history
        )  # fmt: skip

    @cached_property
    def alert_history(self) -> AlertHistory:
        return AlertHistory(self.db, self.clock, self.outbox, self.gateway, self.rendering)

    @cached_property
    def alerts(self) -> Alerts:
        disputed, kept = AlertDisputes(self.cards), self.settings.keep_bodies_for
        return Alerts(self.db, self.clock, self.runbook, self.alert_settling, disputed, bodies_for=kept)

    @cached_property
    def error_listing(self) -> ErrorListing:
        return ErrorListing(self.db, self.clock)

    @cached_property
    def alert_refusals(self) -> AlertRefusals:
        return AlertRefusals(self.alerts, self.rendering, self.metrics)

    @cached_property
    def report_link(self) -> ReportLink:
        return ReportLink(self.runbook, self.keyring, public_url=self.settings.public_url)

    @cached_property
    def problem_reports(self) -> ProblemReports:
        return ProblemReports(self.db, self.clock, self.runbook, self.alerts)

    @cached_property
    def alert_deeds(self) -> AlertDeeds:
        return AlertDeeds(self.db, self.clock)

    @cached_property
    def alert_responses(self) -> AlertResponses:
        return AlertResponses(
            self.clock, self.people, self.permissions, self.acknowledgements, self.alert_settling, self.alert_deeds
        )

    @cached_property
    def alert_declarations(self) -> AlertDeclarations:
        return AlertDeclarations(self.db, self.alert_settling, self.alert_incidents, self.alert_deeds)

    @cached_property
    def silence_posts(self) -> SilencePosts:
        return SilencePosts(
            self.runbook, self.channels, self.alert_incidents, self.cards, self.posts, self.rendering
        )  # fmt: skip

    @cached_property
    def silences(self) -> Silences:
        return Silences(self.db, self.clock, self.permissions, self.alert_deeds, self.silence_posts)

    @cached_property
    def alert_sources(self) -> Mapping[str, Source]:
        """Every source of outside alerts, by name."""
        return every_source(self.runbook.alerts.sources)

    @cached_property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(self.db, self.clock, self.runbook, self.alerts, self.rendering)

    @cached_property
    def looking(self) -> Looking:
        return Looking(shelf())

    @cached_property
    def checks(self) -> Checks:
        alarms = CheckAlarms(self.runbook, self.alerts, self.looking, self.rendering)
        return Checks(self.db, self.clock, self.runbook, self.looking, alarms)

    @cached_property
    def health(self) -> Health:
        return Health(self.db, self.clock, self.runbook, self.looking, self.checks)

    @cached_property
    def drawing(self) -> Drawing:
        return Drawing()

    @cached_property
    def check_charts(self) -> CheckCharts:
        files = ChartFiles(self.drawing, self.gateway)
        return CheckCharts(self.db, self.clock, self.runbook, self.health, files, self.rendering)

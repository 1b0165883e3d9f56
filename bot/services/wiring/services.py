"""All the services of one process, built and connected."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from bot.services.outbox.kinds import DeliveryKind
from bot.services.outbox.waking import Waking
from bot.services.paging.late_pages import LatePages
from bot.services.rooms.archives import RoomArchives
from bot.services.rooms.furnishing import Invitations, Kicks, Pins, Topics
from bot.services.rooms.opening import RoomOpening
from bot.services.rooms.second_looks import SecondLooks
from bot.services.statistics.charts import StatisticsCharts
from bot.services.statistics.numbers import Statistics
from bot.services.upkeep.housekeeping import Housekeeping
from bot.services.upkeep.outages import Outages
from bot.services.wiring.home import HomeTab
from bot.services.wiring.on_call import OnCall
from bot.services.wiring.postmortems import Learning
from bot.services.wiring.procedures import Procedures


class Services(HomeTab, Procedures, Learning, OnCall):
    """Inherits each part, which builds its own services."""

    @cached_property
    def housekeeping(self) -> Housekeeping:
        kept = self.settings.keep_requests_for
        return Housekeeping(self.db, self.clock, self.alerts, self.checks, requests_for=kept)

    @cached_property
    def statistics(self) -> Statistics:
        return Statistics(self.db, self.clock, self.runbook)

    @cached_property
    def statistics_charts(self) -> StatisticsCharts:
        return StatisticsCharts(self.drawing, self.gateway, self.rendering)

    @cached_property
    def outages(self) -> Outages:
        return Outages(self.db, self.clock, self.call_list, self.posts, self.gateway, self.rendering)

    def wired(self) -> "Services":
        """Build everything, and register delivery kinds and followers. Starts nothing."""
        for name in _services_of(type(self)):
            getattr(self, name)
        self.alert_incidents.reopens_by(self.incidents)
        self.delivery_kinds.update(self._kinds_of_delivery())
        self.followers.extend(
            [
                self.alert_incidents,
                self.memberships,
                # Before followers that ask something at the same moment.
                self.prompts,
                self.following,
                self.deadlines,
                self.inactivity,
                self.nudges,
                self.watches,
                self.archiving,
                self.game_days,
                self.incident_tasks,
                self.checklists,
                self.procedure_proving,
                self.reminders,
                self.public_posts,
                self.page_writing,
                self.postmortem_obligations,
            ]
        )
        return self

    def _kinds_of_delivery(self) -> Mapping[str, DeliveryKind[Any]]:
        return {
            "page": self.departures,
            "page_followup": self.page_followups,
            "page_look": LatePages(self.departures, self.page_outcomes),
            "room": RoomOpening(self.db, self.rooms, self.gateway, self.alert_incidents),
            "invite": Invitations(self.db, self.people, self.members, self.outbox, self.gateway),
            "kick": Kicks(self.db, self.people, self.members, self.outbox, self.posts, self.gateway),
            "topic": Topics(self.db, self.gateway, self.rendering),
            "pin": Pins(self.gateway),
            "card": self.cards,
            "post": self.posts,
            "second_look": SecondLooks(self.outbox, self.gateway, self.cards),
            "postmortem_invitation": self.postmortem_invitations,
            "postmortem_letter": self.invitation_letters,
            "closure": self.closures,
            "handover": self.handover_messages,
            "cover_taken": self.cover_taken,
            "shift_reminder": self.shift_reminders,
            "shift_news": self.shift_news,
            "home": self.homes,
            "alert_email": self.alert_outlets,
            "alert_history": self.alert_history,
            "alert_webhook": self.alert_outlets,
            "update": self.compositions,
            "wake": Waking(self.db, self.outbox),
            "publication": self.publications,
            "status_page": self.page_writing,
            **self._files_of_rooms,
        }

    @property
    def _files_of_rooms(self) -> Mapping[str, DeliveryKind[Any]]:
        return {
            "timeline_file": self.timeline_files,
            "export_file": self.export_files,
            "recurring_file": self.recurring_files,
            "postmortem_file": self.postmortem_files,
            "postmortem_canvas": self.postmortem_canvases,
            "last_file": self.last_files,
            # Goes after the last file.
            "archive": RoomArchives(self.db, self.clock, self.outbox, self.posts, self.gateway),
        }


def _services_of(kind: type) -> list[str]:
    """Names of all cached properties, which are the services."""
    return [name for one in kind.__mro__ for name, value in vars(one).items() if isinstance(value, cached_property)]

"""The whole runbook, as one frozen value."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from bot.domain.errors import NotFound, Refused
from bot.domain.incidents.severity import Declared, Named, by_number, declared, first_named
from bot.domain.people.working_hours import WorkingHours, opening
from bot.domain.text import either
from bot.runbook.addresses import Dsn
from bot.runbook.alerts import AlertSettings
from bot.runbook.audiences import Audience
from bot.runbook.backups import Backup
from bot.runbook.defaults import USUAL_ZONE, filled
from bot.runbook.health import HealthSettings
from bot.runbook.maintenance import Maintenance
from bot.runbook.parts import Part, with_keys
from bot.runbook.people import Person, Provider, Schedule, Tier, WhoRef
from bot.runbook.procedures import AfterResolution, Checklists, Postmortem, Procedure
from bot.runbook.reports import Reports
from bot.runbook.severities import Objective, Severity
from bot.runbook.values import Channel, Duration, Name, Names, Text, Zone, a_list, not_empty, refused_as_wrong
from bot.runbook.working_hours import WorkingTimes
from bot.runbook.zones import zone_of

Deed = Literal[
    "incident.declare",
    "incident.resolve",
    "incident.severity",
    "escalate",
    "schedule.cover",
    "backup.run",
    "backup.verify",
    "backup.drill",
    "backup.restore",
    "audience.send",
    "audience.approve",
    "alert.silence",
    "runbook.tick",
]


def _command(text: str) -> str:
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", text.strip()):
        raise Refused(f"“{text}” is not a command: say for example /incident, in lower case and without blanks")
    return text.strip()


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,20}", text.strip()):
        raise Refused(f"“{text}” cannot begin a channel's name: say a short word in lower case such as inc")
    return text.strip()


Command = Annotated[str, refused_as_wrong(_command)]


class SlashCommands(Part):
    """The four slash commands, under their names in this workspace."""

    incident: Command = "/incident"
    escalate: Command = "/escalate"
    health: Command = "/health"
    backup: Command = "/backup"


class ChannelNames(Part):
    """Channels, each with its `#`. `prefix` begins the name of every incident's room; a room is archived
    `archive_after` the incident's end, None: never."""

    incidents: Channel = "#incidents"
    alerts: Channel = "#infrastructure-alerts"
    public: Channel = "#general"
    prefix: Annotated[str, refused_as_wrong(_prefix)] = "inc"
    archive_after: Duration | None = None


class Runbook(Part):
    """A validated file, in which every reference resolves. Groups keep the order of the file."""

    organisation: Name
    timezone: Zone = zone_of(USUAL_ZONE)
    working_hours: WorkingTimes | None = None
    channels: ChannelNames = ChannelNames()
    people: Annotated[dict[str, Person], with_keys, Field(min_length=1)]
    providers: Annotated[dict[str, Provider], with_keys] = Field(default_factory=dict)
    schedules: Annotated[dict[str, Schedule], with_keys] = Field(default_factory=dict)
    tiers: Annotated[dict[str, Tier], with_keys, Field(min_length=1)]
    slash_commands: SlashCommands = SlashCommands()
    roles: Annotated[Names, Field(min_length=1)] = ("lead", "comms", "scribe")
    default_severity_id: Name | None = Field(None, alias="default_severity")
    severities: Annotated[tuple[Severity, ...], a_list("severities"), Field(min_length=1)]
    audiences: Annotated[dict[str, Audience], with_keys] = Field(default_factory=dict)
    templates: Name | None = None
    scenarios: Name | None = None
    objectives: Annotated[tuple[Objective, ...], a_list("objectives")] = ()
    health: HealthSettings = HealthSettings()
    backups: Annotated[dict[str, Backup], with_keys] = Field(default_factory=dict)
    alerts: AlertSettings = AlertSettings()
    reports: Annotated[Reports | None, not_empty("such as {level: high}")] = None
    procedures: Annotated[dict[str, Procedure], with_keys] = Field(default_factory=dict)
    procedure_files: Annotated[tuple[Text, ...], a_list('patterns of files such as "runbooks/*.md"')] = ()
    checklists: Checklists = Checklists()
    after_resolution: AfterResolution = AfterResolution()
    postmortem: Postmortem = Postmortem()
    maintenance: Maintenance = Maintenance()
    permissions: dict[Deed, Annotated[tuple[WhoRef, ...], a_list("people and tiers")]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, content: object) -> object:
        return filled(content) if isinstance(content, Mapping) else content

    @property
    def severity_ids(self) -> tuple[str, ...]:
        """Gravest first."""
        return tuple(one.id for one in self.severities)

    @property
    def channel_names(self) -> list[str]:
        """Every channel that the file names, each once, with its `#`."""
        own = self.channels
        heard = [name for audience in self.audiences.values() for name in audience.slack]
        return list(dict.fromkeys([own.incidents, own.alerts, own.public, *heard]))

    @property
    def lead_tier(self) -> Tier:
        """The tier to notify about incidents that need a lead: `lead`, otherwise the second tier, or the only one."""
        return self.tiers.get("lead") or [*self.tiers.values()][:2][-1]

    def home_zone(self, person: str) -> ZoneInfo:
        """A person's own time zone: the one of all schedules they are in if these agree, otherwise the runbook's."""
        zones = {one.timezone for one in self.schedules.values() if person in one.people}
        return zones.pop() if len(zones) == 1 else self.timezone

    def severity(self, id: str) -> Severity:
        """Look up by id, ignoring case. NotFound lists the ids."""
        for severity in self.severities:
            if severity.id.lower() == id.strip().lower():
                return severity
        raise NotFound(f"There is no severity “{id}”. Use {either(self.severity_ids)}.")

    def declared(self, words: str) -> Declared:
        """Split what somebody typed to declare into severity and title. NotFound lists the ids."""
        return declared(words, self._named, self.default_severity.id)

    def severity_first(self, words: str) -> tuple[Severity, str]:
        """The severity typed first, by id, number or name, and the remaining words. NotFound lists the ids."""
        if found := first_named(words, self._named):
            return self.severity(found.id), found.rest
        word, _, rest = words.strip().partition(" ")
        numbered = by_number(int(word), self._named) if re.fullmatch(r"[0-9]{1,2}", word) else None
        return self.severity(numbered or word), rest.strip()

    def severity_as_declared(self, id: str) -> Severity:
        """The severity of an existing incident. One removed from the runbook keeps its id, without any promises."""
        try:
            return self.severity(id)
        except NotFound:
            promises = {"respond_within": None, "resolve_within": None, "update_every": None, "postmortem": "optional"}
            return self.default_severity.model_copy(
                update={"id": id, "name": "", "user_facing": False, "tell": (), **promises}
            )

    @property
    def hours(self) -> WorkingHours | None:
        """The working hours; None: not limited."""
        return self.working_hours.hours if self.working_hours else None

    def hours_of(self, severity: Severity) -> WorkingHours | None:
        """When this severity's ladder and deadlines run; None: always."""
        return self.hours if severity.paged == "working_hours" else None

    def pages_from(self, severity: Severity, now: datetime) -> datetime | None:
        """When its ladder starts, if it waits for working hours; None: at once."""
        begins = opening(self.hours_of(severity), now)
        return begins if begins > now else None

    @property
    def default_severity(self) -> Severity:
        """The severity if none is typed. Default: the middle one; of an even number, the graver of the middle two."""
        if self.default_severity_id is not None:
            return self.severity(self.default_severity_id)
        return self.severities[(len(self.severities) - 1) // 2]

    @property
    def _named(self) -> tuple[Named, ...]:
        return tuple(Named(one.id, one.name) for one in self.severities)

    def rank(self, id: str) -> int:
        """0 for the gravest, which is first in the file."""
        return self.severities.index(self.severity(id))

    def redactions(self) -> tuple[str, ...]:
        """Every secret in the file, which must never be logged or shown."""
        addresses: list[Dsn | None] = [self.alerts.webhook]
        addresses += [person.webhook for person in self.people.values()]
        addresses += [audience.webhook for audience in self.audiences.values()]
        addresses += [check.target for check in self.health.checks.values() if isinstance(check.target, Dsn)]
        addresses += [backup.target for backup in self.backups.values()]
        addresses += [backup.drill_on for backup in self.backups.values()]
        return tuple(dict.fromkeys(secret for address in addresses if address for secret in address.redactions()))

"""What every other part is built on."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import aiohttp

from bot.clock import Clock
from bot.metrics import Metrics
from bot.pagers import way_name
from bot.publishers import outlet_name
from bot.rendering import Rendering, Safe, escape_mrkdwn
from bot.runbook import Runbook
from bot.services.outbox.carrier import Carrier
from bot.services.outbox.duty import Duty
from bot.services.outbox.kinds import DeliveryKind
from bot.services.outbox.outbox import Outbox
from bot.services.outbox.precedence import Precedence
from bot.services.paging.keyring import Keyring
from bot.services.people.belonging import Belonging
from bot.services.people.leavers import Leavers
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.records.documents import Documents
from bot.services.records.gathering import Records
from bot.services.rooms.cards import Cards
from bot.services.rooms.channels import Channels
from bot.services.rooms.elsewhere import Elsewhere
from bot.services.rooms.listeners import Listeners
from bot.services.rooms.members import Members
from bot.services.rooms.posts import Posts
from bot.services.rooms.prompts import Prompts
from bot.services.upkeep.lifesign import Lifesign
from bot.services.upkeep.reception import Reception
from bot.services.upkeep.schema import Schema
from bot.services.upkeep.sessions import Sessions
from bot.services.upkeep.timekeeping import Timekeeping
from bot.services.upkeep.watchdog import Watchdog
from bot.settings import Settings
from bot.slack.gateway import Gateway
from bot.sources import Source, every_source
from bot.store.database import Database
from bot.wire.mail import Mail
from bot.wire.webhooks import Hooks

# How `tool` names alerts that Tocsin raises itself.
OWN = {"health": "health checks", "heartbeat": "heartbeats", "backup": "backups", "system": "Tocsin itself"}


class Foundation:
    """The environment, Slack, words, people, requests, and what leaves."""

    def __init__(
        self,
        settings: Settings,
        runbook: Runbook,
        clock: Clock,
        db: Database,
        session: aiohttp.ClientSession,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.runbook = runbook
        self.clock = clock
        self.db = db
        self.session = session
        self.metrics = metrics

    @cached_property
    def gateway(self) -> Gateway:
        secret = self.settings.slack_bot_token
        token = secret.get_secret_value() if secret else ""
        return Gateway(
            self.session, self.clock, token=token, base_url=self.settings.slack_api_url, metrics=self.metrics
        )

    @cached_property
    def rendering(self) -> Rendering:
        rendering = Rendering(self.runbook.timezone, slash_commands=self.runbook.slash_commands.model_dump())
        _teach_names(rendering, self.people, self.leavers, every_source(self.runbook.alerts.sources))
        return rendering

    @cached_property
    def mail(self) -> Mail | None:
        """None: this installation sends no mail."""
        settings = self.settings
        if settings.smtp is None:
            return None
        return Mail(settings.smtp, settings.sender, self.clock)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.db, self.clock)

    @cached_property
    def hooks(self) -> Hooks:
        return Hooks(self.session, self.clock, self.keyring.of_webhook)

    @cached_property
    def people(self) -> People:
        return People(self.db, self.clock, self.runbook, self.gateway)

    @cached_property
    def leavers(self) -> Leavers:
        return Leavers(self.clock, self.runbook, self.people, self.gateway)

    @cached_property
    def records(self) -> Records:
        return Records(self.db, self.gateway.link_to)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.rendering)

    @cached_property
    def belonging(self) -> Belonging:
        return Belonging(self.runbook, self.people, self.gateway)

    @cached_property
    def permissions(self) -> Permissions:
        return Permissions(self.clock, self.runbook, self.people)

    @cached_property
    def channels(self) -> Channels:
        return Channels(self.db, self.runbook, self.gateway)

    @cached_property
    def delivery_kinds(self) -> dict[str, DeliveryKind[Any]]:
        """The sender for each delivery kind; filled once all services are built, in `Services.wired`."""
        return {}

    @cached_property
    def precedence(self) -> Precedence:
        return Precedence(self.clock)

    @cached_property
    def duty(self) -> Duty:
        return Duty()

    @cached_property
    def carrier(self) -> Carrier:
        return Carrier(self.db, self.clock, self.delivery_kinds, self.precedence, self.duty)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.db, self.clock, self.carrier)

    @cached_property
    def cards(self) -> Cards:
        return Cards(self.db, self.clock, self.outbox, self.gateway, self.elsewhere)

    @cached_property
    def posts(self) -> Posts:
        return Posts(self.db, self.listeners, self.elsewhere, self.outbox, self.gateway, self.rendering)

    @cached_property
    def prompts(self) -> Prompts:
        return Prompts(self.cards, self.posts)

    @cached_property
    def listeners(self) -> Listeners:
        return Listeners(self.db, self.people, self.leavers)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        return Elsewhere(self.db, self.listeners, self.channels, self.rendering)

    @cached_property
    def members(self) -> Members:
        return Members(self.db, self.people)

    @cached_property
    def schema(self) -> Schema:
        return Schema(self.db, self.duty)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.db, self.clock, self.duty)

    @cached_property
    def timekeeping(self) -> Timekeeping:
        return Timekeeping(self.db, self.clock, self.metrics)

    @cached_property
    def reception(self) -> Reception:
        return Reception(self.db, self.clock, self.duty, self.sessions)

    @cached_property
    def watchdog(self) -> Watchdog:
        return Watchdog()

    @cached_property
    def lifesign(self) -> Lifesign:
        return Lifesign(self.db, self.clock, self.watchdog, self.session, self.settings.heartbeat_url)


def _teach_names(rendering: Rendering, people: People, leavers: Leavers, sources: Mapping[str, Source]) -> None:
    """Functions for templates. `mention` notifies a person in Slack, `name` only names them; `way` names a way to reach
    a person, `outlet` one to reach an audience, `tool` a source of alerts; `in_charge` is whom an incident's room
    asks."""

    def mention(name: str) -> Safe:
        return Safe(people.mention(name) or escape_mrkdwn(people.display_name(name)))

    def name(actor: str) -> Any:
        """Somebody outside the runbook has only their Slack name, hence a mention; it does not notify them twice."""
        shown = people.display_name(actor)
        return mention(actor) if shown == actor and people.mention(actor) else shown

    def tool(source: str) -> str:
        return (sources[source].title if source in sources else OWN.get(source)) or source

    rendering.use(mention=mention, name=name, plain_name=people.known_name, way=way_name, outlet=outlet_name, tool=tool)
    rendering.use(in_charge=leavers.in_charge)

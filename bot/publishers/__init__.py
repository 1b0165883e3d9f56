"""The shelf of ways to reach an audience. Each file here is one outlet; adding a file adds an outlet.

A file is named after its outlet (`email.py` sends to the addresses under `email:` of an audience, a key of its own in
`bot/runbook/audiences.py`) and defines
    OUTLET            the facts about the outlet that are known before anything is sent by it; see `OutletFacts`
    publisher(parts)  the publisher, or None if its credentials aren't configured
Nothing else needs to know the file. Files whose names begin with `_` are helpers of the others.

A publisher has the contract of a pager: it returns the provider's reference only for what the provider accepted. It
raises `Rejected` for a permanent refusal, `Unreachable` if nothing was accepted, `Unanswered` if that isn't known. If
called with `unsure`, it first searches for the earlier attempt where the provider can be asked; elsewhere it sends
under the same id as before.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import aiohttp

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.maintenance.window import Window
from bot.domain.updates.status_page import Edition
from bot.domain.updates.update import Outlet, Update, UpdateDelivery
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.settings import Settings
from bot.shipped import shelf
from bot.wire.mail import Mail
from bot.wire.webhooks import Hooks


@dataclass(frozen=True)
class OutletFacts:
    """What a file of this shelf declares about its outlet.

    `name`: as cards show it. `addresses`: where an audience gets its updates, as people may see it. `credentials`: the
    environment variables it needs, which `is_set_up` checks. `is_public`: everybody can read it. `takes_all`: an older
    update is sent even when a newer one is waiting.
    """

    name: str
    addresses: Callable[[Audience], Sequence[str]]
    credentials: str = ""
    is_set_up: Callable[[Settings], object] = lambda settings: True
    is_public: bool = False
    takes_all: bool = False


@dataclass(frozen=True)
class Publication:
    """One update on its way to one address, about an incident or planned work.

    `earlier`: the reference of the last update about it that was accepted there. `unsure`: an earlier attempt may have
    been accepted; search for it first.
    """

    delivery: UpdateDelivery
    update: Update
    about: Incident | Window
    earlier: str | None
    unsure: bool

    @property
    def thread(self) -> str:
        """The same for every update to this audience about this incident or work. It includes the time because
        mailboxes remember the ids they have seen and a new database counts from 1 again."""
        about = self.about
        since = about.created_at if isinstance(about, Window) else about.declared_at
        return f"{about.ref}-{self.update.audience}.{since.timestamp():.0f}"


def message_key(delivery: UpdateDelivery, update: Update) -> str:
    """The key by which its message is found again in Slack. It includes the time: a new database counts from 1
    again."""
    return f"update:{delivery.id}.{update.created_at.timestamp():.0f}"


class Publisher(Protocol):
    """One way to reach an audience."""

    via: Outlet

    async def publish(self, publication: Publication) -> str:
        """Send the update and return the provider's reference for what it accepted. Raises a kind of Failed."""


@runtime_checkable
class ShowingPublisher(Protocol):
    """A publisher that can show what it would send."""

    def shown(self, publication: Publication) -> Any:
        """A preview of exactly what would be sent: text, or a message as Slack shows it. Sends nothing."""


@runtime_checkable
class RenewingPublisher(Protocol):
    """A publisher whose outlet shows a whole page, which is rewritten from time to time."""

    async def renew(self, audience: str) -> str:
        """Write the whole page as it is now; idempotent. Returns a reference, raises a kind of Failed."""


class Posted(Protocol):
    """The position of a posted message."""

    @property
    def ts(self) -> str: ...


class Messenger(Protocol):
    """What a publisher needs of Slack. Only the painter and Slack know what a message contains."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Posted: ...
    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Posted | None: ...


@dataclass(frozen=True)
class PublisherParts:
    """Everything a publisher may be built from. None: not configured.

    `paint` turns an update into a Slack message, `lay_out` into the HTML of a mail. `find_channel` finds the id of
    `#name`, None if there is no such channel. `edition` makes the files of an audience's own status page.
    """

    clock: Clock
    runbook: Runbook
    settings: Settings
    session: aiohttp.ClientSession
    messenger: Messenger
    paint: Callable[[Update], Any]
    find_channel: Callable[[str], Awaitable[str | None]]
    mail: Mail | None
    lay_out: Callable[[Update], str]
    hooks: Hooks
    edition: Callable[[str], Awaitable[Edition]]


def on_the_shelf(parts: PublisherParts) -> dict[Outlet, Publisher]:
    """Every publisher whose credentials are configured."""
    made = {via: _file(via).publisher(parts) for via in shelf("publishers")}
    return {via: publisher for via, publisher in made.items() if publisher is not None}


def outlets() -> Mapping[Outlet, OutletFacts]:
    """Every outlet that has a file, configured or not."""
    return {via: _file(via).OUTLET for via in shelf("publishers")}


def outlet_name(via: Outlet) -> str:
    """The outlet's name on cards. An outlet whose file no longer exists is shown by its key."""
    facts = outlets().get(via)
    return facts.name if facts else via


def key_of(publication: Publication) -> str:
    """The idempotency key, the same at every attempt. It includes the time: a new database counts from 1 again."""
    return f"update-{publication.delivery.id}.{publication.update.created_at.timestamp():.0f}"


def _file(via: Outlet) -> Any:
    return importlib.import_module(f"{__name__}.{via}")

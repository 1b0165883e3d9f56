"""The shelf of ways to page a person. Each file here is one way; adding a file adds a way.

A file is named after its way (`email.py` is `via: [email]`) and defines
    WAY           the facts about the way that are known before anybody is paged by it; see `Way`
    pager(parts)  the pager, or None if its credentials aren't configured
Nothing else needs to know the file. Files whose names begin with `_` are helpers of the others.

The contract of a pager: it returns the provider's reference only for what the provider accepted. It raises `Rejected`
for a permanent refusal, `Unreachable` if nothing was accepted, `Unanswered` if that isn't known. It sends once and
never retries by itself. If called with `unsure`, it first searches for the earlier attempt where the provider can be
asked; elsewhere it sends under the same id as before.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import aiohttp

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, Via
from bot.domain.paging.provider_alert import ProviderAlert
from bot.rendering import Rendering
from bot.runbook import Person, Runbook
from bot.settings import Settings
from bot.shipped import shelf
from bot.wire.mail import Mail
from bot.wire.telephone import Telephone
from bot.wire.webhooks import Hooks


@dataclass(frozen=True)
class Way:
    """What a file of this shelf declares about its way.

    `name`: as cards show it. `contacts`: keys of a person in the runbook, of which it needs at least one; `no_contact`:
    what cards say of a person who has none. Empty for a way that reaches a service, which is paged once per step
    (`is_shared`). `credentials`: the environment variables it needs, which `is_set_up` checks.
    """

    name: str
    contacts: tuple[str, ...] = ()
    no_contact: str = ""
    credentials: str = ""
    is_set_up: Callable[[Settings], object] = lambda settings: True
    is_shared: bool = False

    def reaches(self, person: object) -> bool:
        """Does the runbook have a contact of this person that the way can use?"""
        return not self.contacts or any(getattr(person, contact, None) for contact in self.contacts)


@dataclass(frozen=True)
class PageCall:
    """What a pager needs to page one person once. `unsure`: an earlier attempt may have been accepted; search for it
    first.

    The pager calls `leaves` right before the request that is the page. Everything else that the same deed caused waits
    for that, so that the page always goes first.
    """

    page: Page
    incident: Incident
    person: Person
    unsure: bool
    leaves: Callable[[], None] = lambda: None


class Pager(Protocol):
    """One way to reach a person."""

    via: Via

    def contact(self, person: Person) -> str | None:
        """Where a page would go. None: the person can't be paged this way. '': not known yet; sending will tell."""

    async def page(self, call: PageCall) -> str:
        """Page the person and return the provider's reference for what it accepted. Raises a kind of Failed."""


@runtime_checkable
class Remembering(Protocol):
    """A pager whose provider can be asked which pages it accepted."""

    async def earlier(self, call: PageCall) -> str | None:
        """The reference of an earlier attempt whose acceptance we never heard of; None if there is none. Raises a
        Failed."""


@runtime_checkable
class FollowingPager(Protocol):
    """A pager whose provider keeps alerts of its own per incident, which have to be kept up to date."""

    async def follow(self, alert: ProviderAlert) -> str | None:
        """Send the provider this alert's current state; idempotent. None: nothing to send. Raises a kind of Failed."""


class Posted(Protocol):
    """The position of a posted message."""

    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str: ...


class Messenger(Protocol):
    """What a pager needs of Slack. Only the painter and Slack know what a message contains."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Posted: ...
    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Posted | None: ...


def message_key(page: Page) -> str:
    """The key by which the message of a page is found again in Slack."""
    return f"page:{page.key}"


class Paint(Protocol):
    """Paints the message of a page as it looks now. `repeat`: the message says that it may have been sent before."""

    async def __call__(self, page: Page, *, repeat: bool) -> Any: ...


class UnconfirmedPages(Protocol):
    """The records of pages that may have been accepted unheard; see `bot/services/paging/unconfirmed.py`."""

    async def began(self, page: Page) -> datetime: ...
    async def ended(self, page: Page) -> None: ...
    async def repeated(self, page: Page) -> None: ...
    async def rivals(self, page: Page) -> Sequence[int]: ...


@dataclass(frozen=True)
class PagerParts:
    """Everything a pager may be built from. None: not configured."""

    clock: Clock
    runbook: Runbook
    rendering: Rendering
    messenger: Messenger
    paint: Paint
    account_of: Callable[[str], Awaitable[str | None]]
    known_account: Callable[[str], str | None]
    acknowledge_link: Callable[[Page], Awaitable[str | None]]
    open_alert: Callable[[Page, str], Awaitable[str]]
    unconfirmed: UnconfirmedPages
    mail: Mail | None
    session: aiohttp.ClientSession
    settings: Settings
    hooks: Hooks
    telephone: Telephone | None
    has_stopped: Callable[[str], Awaitable[bool]]
    belongs_elsewhere: Callable[[str, Page], Awaitable[bool]]


def on_the_shelf(parts: PagerParts) -> dict[Via, Pager]:
    """Every pager whose credentials are configured."""
    made = {via: _file(via).pager(parts) for via in shelf("pagers")}
    return {via: pager for via, pager in made.items() if pager is not None}


def ways() -> Mapping[Via, Way]:
    """Every way that has a file, configured or not."""
    return {via: _file(via).WAY for via in shelf("pagers")}


def shared_ways() -> list[Via]:
    """The ways that page a service: such a page is recorded under a person's name but isn't that person's own."""
    return [via for via, way in ways().items() if way.is_shared]


def way_name(via: Via) -> str:
    """The way's name on cards. A way whose file no longer exists is shown by its key."""
    way = ways().get(via)
    return way.name if way else via


def _file(via: Via) -> Any:
    return importlib.import_module(f"{__name__}.{via}")

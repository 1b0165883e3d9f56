"""The shelf of ways to reach a person: one more file here is one more of them.

A file is named after its way (`email.py` is `via: [email]`) and has
    WAY           what is known of the way before anybody is paged by it; see `Way`
    pager(parts)  the pager, or None when this house has no credentials for it
Nothing else needs to know the file. `_` begins the name of a file that only others of the shelf use.

A pager promises: it returns the provider's reference only for what the provider accepted; it raises `Rejected` for a no
for good, `Unreachable` when nothing was accepted, `Unanswered` when that is not known; it sends once, never by itself
again; asked with `unsure`, it looks for the earlier attempt first where the provider can be asked, and where not, it
sends under the same id as before.
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
    """What a file of this shelf says of its way to reach somebody.

    `name`: as a card says it. `contacts`: the keys of a person in the runbook of which it needs one, and `no_contact`
    what is said of somebody who has none; none are needed by what reaches a service, which is paged once a step
    (`is_shared`). `credentials`: what the environment must hold, as `is_set_up` finds it.
    """

    name: str
    contacts: tuple[str, ...] = ()
    no_contact: str = ""
    credentials: str = ""
    is_set_up: Callable[[Settings], object] = lambda settings: True
    is_shared: bool = False

    def reaches(self, person: object) -> bool:
        """Does the runbook have what it needs of this person?"""
        return not self.contacts or any(getattr(person, contact, None) for contact in self.contacts)


@dataclass(frozen=True)
class PageCall:
    """What a pager needs to reach one person once. `unsure`: an earlier attempt may have been accepted, look first.

    `leaves` is called right before the request that is the page: whatever else the same deed caused waits until that
    is written to the line, so that the page is always first.
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
        """Where a page would go; None = no page is possible. '' = the provider will have to say so."""

    async def page(self, call: PageCall) -> str:
        """Reach the person; returns the provider's reference of what it accepted. Raises a kind of Failed."""


@runtime_checkable
class Remembering(Protocol):
    """A pager whose provider can be asked what it took."""

    async def earlier(self, call: PageCall) -> str | None:
        """The reference of an earlier attempt that was accepted unheard; None = there is none. Raises a Failed."""


@runtime_checkable
class FollowingPager(Protocol):
    """A pager whose provider keeps alerts of its own for an incident, and is told when something becomes of them."""

    async def follow(self, alert: ProviderAlert) -> str | None:
        """Tell how this alert stands now; may be told twice. None: nothing to tell. Raises a kind of Failed."""


class Posted(Protocol):
    """Where a message stands."""

    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str: ...


class Messenger(Protocol):
    """What a pager needs of Slack. The message itself is a matter between the painter and Slack."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Posted: ...
    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Posted | None: ...


def message_key(page: Page) -> str:
    """By which the message of a page is found again in Slack."""
    return f"page:{page.key}"


class Paint(Protocol):
    """The message of a page as it looks now; `repeat`: it says that it may have been sent before."""

    async def __call__(self, page: Page, *, repeat: bool) -> Any: ...


class UnconfirmedPages(Protocol):
    """What is kept of a page that may have been accepted unheard; see `bot/services/paging/unconfirmed.py`."""

    async def began(self, page: Page) -> datetime: ...
    async def ended(self, page: Page) -> None: ...
    async def repeated(self, page: Page) -> None: ...
    async def rivals(self, page: Page) -> Sequence[int]: ...


@dataclass(frozen=True)
class PagerParts:
    """What pagers are made of; each takes what it needs. None: this house has not set it up."""

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
    """Every pager that this house has the credentials for."""
    made = {via: _file(via).pager(parts) for via in shelf("pagers")}
    return {via: pager for via, pager in made.items() if pager is not None}


def ways() -> Mapping[Via, Way]:
    """Every way there is a file for, whether or not it is set up."""
    return {via: _file(via).WAY for via in shelf("pagers")}


def shared_ways() -> list[Via]:
    """What reaches a service: a page by one of these stands in somebody's name, and is nobody's in particular."""
    return [via for via, way in ways().items() if way.is_shared]


def way_name(via: Via) -> str:
    """As a card says it, also of a way that there was a file for once."""
    way = ways().get(via)
    return way.name if way else via


def _file(via: Via) -> Any:
    return importlib.import_module(f"{__name__}.{via}")

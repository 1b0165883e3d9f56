"""The shelf of ways to reach an audience: one more file here is one more of them.

A file is named after its outlet (`email.py` sends to what stands under `email:` of an audience, a key of its own in
`bot/runbook/audiences.py`) and has
    OUTLET            what is known of the outlet before anybody is told by it; see `OutletFacts`
    publisher(parts)  the publisher, or None when this house has no credentials for it
Nothing else needs to know the file. `_` begins the name of a file that only others of the shelf use.

A publisher promises what a pager does: the provider's reference only for what the provider accepted; `Rejected` for a
no for good, `Unreachable` when nothing was accepted, `Unanswered` when that is not known; asked with `unsure`, it looks
for the earlier attempt first where the provider can be asked, and where not, it sends under the same id as before.
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
    """What a file of this shelf says of its outlet.

    `name`: as a card says it. `addresses`: where an audience is told by it, as people may see it. `credentials`: what
    the environment must hold, as `is_set_up` finds it. `is_public`: everybody may read what is told by it. `takes_all`:
    an older text is sent too when a newer one is waiting.
    """

    name: str
    addresses: Callable[[Audience], Sequence[str]]
    credentials: str = ""
    is_set_up: Callable[[Settings], object] = lambda settings: True
    is_public: bool = False
    takes_all: bool = False


@dataclass(frozen=True)
class Publication:
    """One text on its way to one address, about an incident or planned work. `earlier`: the reference of the latest
    one about it accepted there.

    `unsure`: an attempt before this one may have been accepted, look first.
    """

    delivery: UpdateDelivery
    update: Update
    about: Incident | Window
    earlier: str | None
    unsure: bool

    @property
    def thread(self) -> str:
        """The same for everything this audience is told about it. The instant is part of it: mailboxes keep what they
        have seen, and a new database counts from 1 again."""
        about = self.about
        since = about.created_at if isinstance(about, Window) else about.declared_at
        return f"{about.ref}-{self.update.audience}.{since.timestamp():.0f}"


def message_key(delivery: UpdateDelivery, update: Update) -> str:
    """By which its message is found again in Slack. The instant is part of it: a new database counts from 1 again."""
    return f"update:{delivery.id}.{update.created_at.timestamp():.0f}"


class Publisher(Protocol):
    """One way to reach an audience."""

    via: Outlet

    async def publish(self, publication: Publication) -> str:
        """Tell them; returns the provider's reference of what it accepted. Raises a kind of Failed."""


@runtime_checkable
class ShowingPublisher(Protocol):
    """A publisher that can show what it would send."""

    def shown(self, publication: Publication) -> Any:
        """From what really leaves: a text, or a message as Slack shows it. Nothing leaves here."""


@runtime_checkable
class RenewingPublisher(Protocol):
    """A publisher whose outlet shows a whole, which is written again now and then."""

    async def renew(self, audience: str) -> str:
        """Write all of it as it is now; may be done twice. Returns a reference, raises a kind of Failed."""


class Posted(Protocol):
    """Where a message stands."""

    @property
    def ts(self) -> str: ...


class Messenger(Protocol):
    """What a publisher needs of Slack. The message itself is a matter between the painter and Slack."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Posted: ...
    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Posted | None: ...


@dataclass(frozen=True)
class PublisherParts:
    """What publishers are made of; each takes what it needs. None: this house has not set it up.

    `paint` makes a Slack message of an update, `lay_out` the HTML of a mail; `find_channel` knows the id behind
    `#name`, None while it is missing; `edition` writes the files of an audience's own status page.
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
    """Every publisher that this house has the credentials for."""
    made = {via: _file(via).publisher(parts) for via in shelf("publishers")}
    return {via: publisher for via, publisher in made.items() if publisher is not None}


def outlets() -> Mapping[Outlet, OutletFacts]:
    """Every outlet there is a file for, whether or not it is set up."""
    return {via: _file(via).OUTLET for via in shelf("publishers")}


def outlet_name(via: Outlet) -> str:
    """As a card says it, also of an outlet that there was a file for once."""
    facts = outlets().get(via)
    return facts.name if facts else via


def key_of(publication: Publication) -> str:
    """The same at every attempt. The instant is part of it: a new database counts from 1 again."""
    return f"update-{publication.delivery.id}.{publication.update.created_at.timestamp():.0f}"


def _file(via: Outlet) -> Any:
    return importlib.import_module(f"{__name__}.{via}")

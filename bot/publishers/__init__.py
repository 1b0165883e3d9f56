"""The shelf of ways to reach an audience: one more file here is one more of them.

A file is named after its outlet (`email.py` sends to what stands under `email:` of an audience) and has a function
`publisher(parts)`, which returns the publisher, or None when this house has no credentials for it. Nothing else needs
to know the file.

A publisher promises what a pager does: the provider's reference only for what the provider accepted; `Rejected` for a
no for good, `Unreachable` when nothing was accepted, `Unanswered` when that is not known; asked with `unsure`, it looks
for the earlier attempt first where the provider can be asked, and where not, it sends under the same id as before.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, get_args

from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import Outlet, Update, UpdateDelivery
from bot.wire.mail import Mail


@dataclass(frozen=True)
class Publication:
    """One text on its way to one address. `earlier`: the reference of the first one of this incident accepted there.

    `unsure`: an attempt before this one may have been accepted, look first.
    """

    delivery: UpdateDelivery
    update: Update
    incident: Incident
    earlier: str | None
    unsure: bool


class Publisher(Protocol):
    """One way to reach an audience."""

    via: Outlet

    async def publish(self, publication: Publication) -> str:
        """Tell them; returns the provider's reference of what it accepted. Raises a kind of Failed."""


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

    `paint` makes a Slack message of an update; `find_channel` knows the id behind `#name`, None while it is missing.
    """

    messenger: Messenger
    paint: Callable[[Update], Any]
    find_channel: Callable[[str], Awaitable[str | None]]
    mail: Mail | None


def on_the_shelf(parts: PublisherParts) -> dict[Outlet, Publisher]:
    """Every publisher that this house has the credentials for."""
    made = {via: importlib.import_module(f"{__name__}.{via}").publisher(parts) for via in outlets()}
    return {via: publisher for via, publisher in made.items() if publisher is not None}


def outlets() -> list[Outlet]:
    """Every outlet there is a file for, whether or not it is set up."""
    files = {module.name for module in pkgutil.iter_modules(__path__)}
    return [via for via in get_args(Outlet) if via in files]

"""The shelf of alert formats. Each module here is one source that `POST /alerts/<source>` understands.

A source is a module that defines
    NAME                      the word in the URL
    parse(body, headers)      the alerts in a body, as a Reading; raises Unreadable or WrongShape
and, where its system supports them,
    TITLE                     its name in a sentence: `From Azure Monitor`
    SECRET                    the setting (see `bot/settings`) that holds its signing secrets
    is_signed(body, headers, secret, now)
                              was this body signed with the secret? Checks the raw bytes, in constant time
    is_dated(headers)         does the signature cover a timestamp? If not, a delivery can be replayed by anyone who
                              has seen it. Without this function, every signature does
    is_genuine(body, fetch)   for senders that sign with a public key: gets the key through `fetch`. Raises
                              Unreachable if that fails for now, so that the sender retries
    token_in(body)            the token, for senders that can put it only into the body; reads it without parsing
    delivery(body, headers)   the system's id of a delivery, the same on a retry; None: it has none
    answer(body, accepted)    the reply its senders expect: a status and an object
    sent_as(body)             the name under which this bot itself sends such an event; None: the event isn't ours
    refusal(why)              the reply its senders expect when an event is refused for good
    kept(body)                what may be stored of a body, readable or not: private data removed
    client(alert)             the client an alert came from, for sources that one bug can flood: each client of each
                              address has a rate limit per minute (`bot/doors/rates.py`)
    PATHS                     further paths below `/alerts/<source>` that its senders use
    BY_QUERY                  True: its system may also send the fields in the query of a GET, or of a POST without body
Parsing is pure: bytes in, a Reading out; large bodies are parsed in a thread. `headers` are case-insensitive. Shared
readers are in `_shapes.py`, and in `_templated.py` for bodies that users write around placeholders; `_configured.py`
reads the formats that the runbook describes.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.alerts.received import Listing, ReceivedAlert, at_site, named_at
from bot.domain.errors import Refused
from bot.runbook.alert_sources import AlertSource
from bot.shipped import shelf


class Unreadable(Refused):
    """The body isn't in the source's language, such as JSON."""


class WrongShape(Refused):
    """The body can be parsed, but isn't what the source sends; the message names the first wrong place."""


@dataclass(frozen=True)
class Reading:
    """The content of a body. `listings`: groups whose alerts it lists completely. `odd`: what was left out, and why.

    `confirm`: a URL of the sender's to request once, to confirm that its alerts are wanted here. `acknowledged`:
    fingerprints of alerts that somebody has acknowledged in the sending system.
    """

    alerts: Sequence[ReceivedAlert]
    listings: Sequence[Listing] = ()
    odd: Sequence[str] = ()
    confirm: str | None = None
    acknowledged: Sequence[str] = ()

    def at_site(self, site: str) -> "Reading":
        """The same, with its names kept apart from equal names of other sites."""
        return replace(
            self,
            alerts=[at_site(site, alert) for alert in self.alerts],
            listings=[replace(one, group=named_at(site, one.group)) for one in self.listings],
            acknowledged=[named_at(site, one) for one in self.acknowledged],
        )


OPTIONAL = (
    "is_signed",
    "is_dated",
    "is_genuine",
    "token_in",
    "delivery",
    "answer",
    "sent_as",
    "refusal",
    "kept",
    "client",
)
Headers = Mapping[str, str]
Parse = Callable[[bytes, Headers], Reading]
IsSigned = Callable[[bytes, Headers, str, datetime], bool]
# Gets a page over HTTPS; raises a Failed.
Fetch = Callable[[str], Awaitable[bytes]]
IsGenuine = Callable[[bytes, Fetch], Awaitable[bool]]
Answer = Callable[[bytes, int], tuple[int, Mapping[str, object]]]


@dataclass(frozen=True)
class Source:
    """One module of this package, or one entry of the runbook. None: its system doesn't support it."""

    name: str
    parse: Parse
    is_signed: IsSigned | None = None
    is_dated: Callable[[Headers], bool] | None = None
    secret: str | None = None
    is_genuine: IsGenuine | None = None
    token_in: Callable[[bytes], str | None] | None = None
    delivery: Callable[[bytes, Headers], str | None] | None = None
    answer: Answer | None = None
    sent_as: Callable[[bytes], str | None] | None = None
    refusal: Callable[[str], tuple[int, Mapping[str, object]]] | None = None
    kept: Callable[[bytes], bytes] | None = None
    client: Callable[[ReceivedAlert], str] | None = None
    paths: Sequence[str] = ()
    by_query: bool = False
    title: str | None = None


def every_source(described: Mapping[str, AlertSource]) -> dict[str, Source]:
    """Every source by name: the shelf's, and those that the runbook describes under `alerts.sources`."""
    configured = importlib.import_module(f"{__name__}._configured")
    return {**configured.configured(described), **on_the_shelf()}


def on_the_shelf() -> dict[str, Source]:
    """Every source that has a module, by name."""
    found = [importlib.import_module(f"{__name__}.{name}") for name in shelf("sources")]
    return {module.NAME: _source(module) for module in found}


def _source(module: Any) -> Source:
    has = {name: getattr(module, name, None) for name in OPTIONAL}
    secret, paths = getattr(module, "SECRET", None), getattr(module, "PATHS", ())
    by_query, title = getattr(module, "BY_QUERY", False), getattr(module, "TITLE", None)
    return Source(module.NAME, module.parse, secret=secret, paths=paths, by_query=by_query, title=title, **has)

"""The shelf of alert formats: one more file here is one more source that `POST /alerts/<source>` understands.

A source is a module with
    NAME                      the word in the address
    parse(body, headers)      what a body holds, in our words; raises Unreadable or WrongShape
and, where its system has them,
    TITLE                     what people call it in a sentence: `From Azure Monitor`
    SECRET                    the setting (see `bot/settings`) with the secrets it may sign with
    is_signed(body, headers, secret, now)
                              was this body signed with the secret? Judged on the raw bytes, in constant time
    is_dated(headers)         does that signature say when it was made? Where it does not, whoever has seen a delivery
                              can send it again. Without this function it always does
    is_genuine(body, fetch)   for who signs with a key that everybody may know: asks for it by `fetch`.
                              Raises Unreachable when that fails for now: its sender is to send again
    token_in(body)            the token that its senders can only put into the body; read without parsing it
    delivery(body, headers)   the system's own id of a delivery, the same on a retry; None = this one has none
    answer(body, accepted)    what its senders expect to be answered with; a status and an object
    sent_as(body)             the name that this house gives such an event when it sends one; None = it is none of ours
    refusal(why)              what its senders expect to be told when an event is refused for good
    kept(body)                what may be kept of a body, be it understood or not: without what is private in it
    client(alert)             whose alert it is, for a source that one mistake can flood: each client of each address
                              may send so many a minute (`bot/doors/rates.py`)
    PATHS                     more addresses below `/alerts/<source>` that its senders know
    BY_QUERY                  True: its system also sends the fields in the query of a GET, or of a POST without a body
Parsing is pure: bytes in, a Reading out; large bodies are parsed in a thread. `headers` are found whatever their
capitals. What sources read with is in `_shapes.py`, and in `_templated.py` for bodies that people write around
placeholders; `_configured.py` reads what the runbook describes.
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
    """The body is not written in the language its source speaks."""


class WrongShape(Refused):
    """The body can be read, but it is not what its source sends; the message names the first place."""


@dataclass(frozen=True)
class Reading:
    """What a body holds. `listings`: the groups that it tells whole. `odd`: what was left out of it, and why.

    `confirm`: an address of the sender's own, to be asked once to say that its alerts are wanted here. `acknowledged`:
    fingerprints of alerts at which somebody looks already, where they were sent from.
    """

    alerts: Sequence[ReceivedAlert]
    listings: Sequence[Listing] = ()
    odd: Sequence[str] = ()
    confirm: str | None = None
    acknowledged: Sequence[str] = ()

    def at_site(self, site: str) -> "Reading":
        """The same, kept apart from what other sites call by the same names."""
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
# Asks for a page over HTTPS; raises a Failed.
Fetch = Callable[[str], Awaitable[bytes]]
IsGenuine = Callable[[bytes, Fetch], Awaitable[bool]]
Answer = Callable[[bytes, int], tuple[int, Mapping[str, object]]]


@dataclass(frozen=True)
class Source:
    """One module of this package, or one entry of the runbook. None: its system has nothing of the kind."""

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
    """By name: those of the shelf, and those that the runbook describes under `alerts.sources`."""
    configured = importlib.import_module(f"{__name__}._configured")
    return {**configured.configured(described), **on_the_shelf()}


def on_the_shelf() -> dict[str, Source]:
    """Every source that has a module, by its name."""
    found = [importlib.import_module(f"{__name__}.{name}") for name in shelf("sources")]
    return {module.NAME: _source(module) for module in found}


def _source(module: Any) -> Source:
    has = {name: getattr(module, name, None) for name in OPTIONAL}
    secret, paths = getattr(module, "SECRET", None), getattr(module, "PATHS", ())
    by_query, title = getattr(module, "BY_QUERY", False), getattr(module, "TITLE", None)
    return Source(module.NAME, module.parse, secret=secret, paths=paths, by_query=by_query, title=title, **has)

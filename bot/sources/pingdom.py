"""Pingdom: its state-change webhook (pingdom.com/resources/webhooks).

    {"check_id": 12345, "check_name": "Shop", "check_type": "HTTP", "previous_state": "UP", "current_state": "DOWN",
     "check_params": {"hostname": "shop.example.com", "full_url": "https://shop.example.com/"}, "tags": ["prod"],
     "importance_level": "HIGH", "state_changed_timestamp": 1786019528, "description": "Timeout"}

A check is DOWN or UP, a transaction check FAILING or SUCCESS; other states (paused, not measured yet) say nothing.
Older checks have no `importance_level` and count as critical when down. Tags are words or objects with a `name`. A
delivery is identified by its check and the time of the change. Not verified, and so read leniently: that nothing is
signed, and that numbers may come as text.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, identity
from bot.domain.errors import Refused
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import (
    Loose,
    Shape,
    labels_of,
    one_line,
    read_json,
    severity_word,
    shaped,
    some_text,
    web_address,
)
from bot.sources._templated import epoch

NAME = "pingdom"
TITLE = "Pingdom"

FIRING = ("DOWN", "FAILING")
RESOLVED = ("UP", "SUCCESS")


def _tag_names(value: object) -> list[str]:
    """The names of the tags: words, or objects with a name; one text may hold several."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",")]
    found = value if isinstance(value, list) else []
    names = [one.get("name") if isinstance(one, Mapping) else one for one in found]
    return [name.strip() for name in names if isinstance(name, str) and name.strip()]


def _as_object(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


def _upper(text: str) -> str:
    return text.strip().upper()


class _Params(Shape):
    hostname: Loose = ""
    full_url: Loose = ""


class _Change(Shape):
    check_id: Loose = ""
    check_name: Loose = ""
    check_type: Loose = ""
    current_state: Annotated[Loose, AfterValidator(_upper)]
    importance_level: Annotated[Loose, AfterValidator(_upper)] = ""
    state_changed_timestamp: Loose = ""
    description: Loose = ""
    long_description: Loose = ""
    tags: Annotated[list[str], BeforeValidator(_tag_names)] = Field(default_factory=list)
    check_params: Annotated[_Params, BeforeValidator(_as_object)] = Field(default_factory=_Params)

    @property
    def shown(self) -> str:
        return self.check_name or self.check_params.hostname or f"Check {self.check_id}"


def parse(body: bytes, headers: Headers) -> Reading:
    change = shaped(_Change, read_json(body))
    if not (change.check_id or change.check_name):
        raise WrongShape("check_id is missing from the body")
    if not change.current_state:
        raise WrongShape("current_state is missing from the body")
    if change.current_state not in FIRING + RESOLVED:
        return Reading([], odd=[one_line(f"{change.shown} is {change.current_state}: neither down nor up")])
    return Reading([_received(change)])


def delivery(body: bytes, headers: Headers) -> str | None:
    try:
        change = shaped(_Change, read_json(body))
    except Refused:
        return None
    if not (change.check_id and change.state_changed_timestamp):
        return None
    return f"{change.check_id} {change.state_changed_timestamp} {change.current_state}"


def _received(change: _Change) -> ReceivedAlert:
    is_firing, at = change.current_state in FIRING, epoch(change.state_changed_timestamp)
    return ReceivedAlert(
        title=_title(change),
        firing=is_firing,
        fingerprint=identity(change.check_id or change.check_name),
        severity=severity_word(change.importance_level) or "down",
        description=some_text(change.long_description or change.description),
        url=web_address(change.check_params.full_url),
        labels=labels_of({name: value for name, value in _labels(change).items() if value}),
        starts_at=at if is_firing else None,
        ends_at=None if is_firing else at,
    )


def _title(change: _Change) -> str:
    what = {"DOWN": "is down", "FAILING": "is failing", "UP": "is up", "SUCCESS": "works again"}[change.current_state]
    why = f": {change.description}" if change.current_state in FIRING and change.description else ""
    return one_line(f"{change.shown} {what}{why}")


def _labels(change: _Change) -> dict[str, str]:
    return {
        "check": change.check_name,
        "type": change.check_type,
        "host": change.check_params.hostname,
        "tags": ", ".join(change.tags),
    }

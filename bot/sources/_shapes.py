"""What the sources read with: JSON, shapes that forgive what does not matter, and texts that can be kept and shown."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.domain.alerts.received import MOST_ALERTS
from bot.domain.text import cut, plain, plain_line
from bot.garbage import uncollected
from bot.sources import Headers, Unreadable, WrongShape

TITLE_LENGTH = 200
TEXT_LENGTH = 2000
LABEL_LENGTH = 500
SEVERITY_LENGTH = 60
LINK_NAME_LENGTH = 60
MEASURED_LENGTH = 60
MOST_MEASURED = 10
# Of an address that Slack still takes for a button.
URL_LENGTH = 3000


class Shape(BaseModel):
    """A part of a body. What a source sends beside it is its own business."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Shaped = TypeVar("Shaped", bound=Shape)


def delivery_named_by(header: str, body: bytes, headers: Headers) -> str | None:
    """The sender's own id of a delivery, of this body alone: two senders may count alike. None: it has none."""
    named = headers.get(header)
    return f"{named} {sha256(body).hexdigest()}" if named else None


def read_json(body: bytes) -> Any:
    """Raises Unreadable."""
    try:
        with uncollected():
            return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error


def shaped(shape: type[Shaped], content: Any) -> Shaped:
    """Raises WrongShape; what was sent is not quoted, for it may hold anything."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the body"
        what = " is missing from the body" if first["type"] == "missing" else f": {first['msg']}"
        raise WrongShape(f"{place}{what}") from error


def _as_text(value: object) -> object:
    """Numbers and truths are read as they are written; signs that cannot be kept or shown are blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return plain(value) if isinstance(value, str) else value


def _as_text_or_none(value: object) -> object:
    return "" if value is None else _as_text(value)


def shaped_each(shape: type[Shaped], contents: object, where: str) -> tuple[list[Shaped], list[str]]:
    """Each of a list, and of what is none of that shape why it was left out: the fault of one is not that of others.

    Raises WrongShape when it is no list, or when nothing in it can be taken; and at once when it is longer than any
    delivery may be: to look at each of 350,000 numbers takes seconds.
    """
    if not isinstance(contents, list):
        raise WrongShape(f"{where}: Input should be a valid list")
    if len(contents) > MOST_ALERTS:
        raise WrongShape(
            f"{where}: {len(contents)} alerts in one delivery, at most {MOST_ALERTS}: send them in several"
        )
    taken: list[Shaped] = []
    odd: list[str] = []
    for number, content in enumerate(contents):
        try:
            taken.append(shaped(shape, content))
        except WrongShape as error:
            odd.append(f"{where}.{number}.{error}; it was left out".replace(".the body:", ":"))
        else:
            odd += oddities(content, f"{where}.{number}")
    if odd and not taken:
        raise WrongShape(odd[0])
    return taken, odd


def _as_text_or_nothing(value: object) -> object:
    return _as_label(value) or ""


def _as_labels(value: object) -> object:
    """What is no text and cannot be read as one becomes None; what is no object at all has no labels."""
    if not isinstance(value, Mapping):
        return {}
    return {plain(str(name)): _as_label(one) for name, one in value.items()}


def _as_label(value: object) -> object:
    return _as_text(value) if isinstance(value, str | bool | int | float) else None


def _as_moment(value: object) -> datetime | None:
    """RFC 3339 with an offset. None for anything else, and for the year 1: Go writes it for a time that is not set."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
        return moment.astimezone(UTC) if moment.tzinfo and moment.year > 1 else None
    except (ValueError, OverflowError):
        return None


def unix_moment(seconds: object) -> datetime | None:
    """Seconds since 1970, as a number or as text. None for anything else."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | str):
        return None
    try:
        moment = datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.year > 1970 else None


# Go writes nine digits of a second, and Python reads six.
_FRACTION = re.compile(r"(\.\d{6})\d+")

# A text, or what can be read as one.
Text = Annotated[str, BeforeValidator(_as_text)]
# As `Text`, where a system may also write null.
OrNone = Annotated[str, BeforeValidator(_as_text_or_none)]
# As `OrNone`, where anything else is as good as nothing.
Loose = Annotated[str, BeforeValidator(_as_text_or_nothing)]
# By name; None = what was sent is no text, and is left out.
Labels = Annotated[dict[str, str | None], BeforeValidator(_as_labels)]
# By the sender's clock; None = it says none.
Moment = Annotated[datetime | None, BeforeValidator(_as_moment)]


def known(labels: Mapping[str, str | None]) -> dict[str, str]:
    """Those that have a value."""
    return {name: value for name, value in labels.items() if value is not None}


def oddities(content: Mapping[str, Any], where: str) -> Iterator[str]:
    """Of an alert that was taken: what is no text, or no time, and was left out."""
    for name in ("fingerprint", "generatorURL", "startsAt", "endsAt"):
        if isinstance(content.get(name), list | dict):
            yield f"{where}.{name} is no text and was left out"
    for name in ("labels", "annotations"):
        values = content.get(name)
        if not isinstance(values, Mapping) and values is not None:
            yield f"{where}.{name} is no object and was left out"
        elif values:
            left_out = [label for label, value in values.items() if _as_label(value) is None]
            yield from (
                f"{where}.{name}.{one_line(plain(label), 60)} is no text and was left out" for label in left_out
            )


def one_line(text: str, length: int = TITLE_LENGTH) -> str:
    """On one line, cut with an ellipsis; '' when nothing is left."""
    return cut(plain_line(text), length)


def severity_word(text: str | None) -> str | None:
    """The source's word, short enough for a card; None: it has none."""
    return one_line(text or "", SEVERITY_LENGTH) or None


def some_text(text: str) -> str:
    return cut(plain(text).strip(), TEXT_LENGTH)


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    return {one_line(name, LABEL_LENGTH): one_line(value, LABEL_LENGTH) for name, value in labels.items()}


def named_links(addresses: Mapping[str, str | None]) -> dict[str, str]:
    """Those of pages, by their names."""
    found = ((one_line(name, LINK_NAME_LENGTH), web_address(address)) for name, address in addresses.items())
    return {name: address for name, address in found if name and address}


def measured(values: Mapping[str, object]) -> dict[str, str]:
    """Numbers as people write them, and short texts. Anything else is left out, and so are more than can be read."""
    shown = ((one_line(str(name), MEASURED_LENGTH), _as_measured(value)) for name, value in values.items())
    return dict([(name, value) for name, value in shown if name and value][:MOST_MEASURED])


def _as_measured(value: object) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) >= 1e15 else f"{value:.0f}"
    return one_line(value if isinstance(value, str) else str(_as_label(value) or ""), MEASURED_LENGTH)


def web_address(text: str | None) -> str | None:
    """None for what is no address of a page, or could break out of the link it is put in."""
    if not text or len(text) > URL_LENGTH or not text.isprintable() or any(sign in text for sign in '<>|" '):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname else None

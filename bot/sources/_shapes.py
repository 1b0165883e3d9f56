"""Shared readers of the sources: JSON, lenient shapes, and text that can be stored and shown."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

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
# The longest URL that Slack accepts for a button.
URL_LENGTH = 3000


class Shape(BaseModel):
    """A part of a body. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Shaped = TypeVar("Shaped", bound=Shape)


def delivery_named_by(header: str, body: bytes, headers: Headers) -> str | None:
    """The sender's own id of a delivery plus a hash of the body, because two senders may number alike. None: no id."""
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
    """Validate. Raises WrongShape; its message doesn't quote the input, which may contain anything."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the body"
        raise WrongShape(f"{place}{_what_is_wrong(first)}") from error


def _what_is_wrong(error: ErrorDetails) -> str:
    """In the words of somebody who sends alerts, without names from inside this program."""
    match error["type"]:
        case "missing":
            return " is missing from the body"
        case "model_type" | "dict_type":
            return ": must be an object"
        case "list_type":
            return ": must be a list"
        case "string_type":
            return ": must be text"
        case "literal_error":
            return f": must be {error['ctx']['expected']}"
        case "value_error":
            return f": {error['ctx']['error']}"
    return f": {error['msg']}"


def _as_text(value: object) -> object:
    """Numbers and booleans as they are written; characters that can't be stored or shown become spaces."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return plain(value) if isinstance(value, str) else value


def _as_text_or_none(value: object) -> object:
    return "" if value is None else _as_text(value)


def shaped_each(shape: type[Shaped], contents: object, where: str) -> tuple[list[Shaped], list[str]]:
    """Validate each item; return the valid ones, and the reason each other was left out. One bad item doesn't spoil the
    rest.

    Raises WrongShape if it isn't a list, if no item is valid, and (at once) if it's longer than a delivery may be:
    checking 350,000 numbers would take seconds.
    """
    if not isinstance(contents, list):
        raise WrongShape(f"{where}: must be a list")
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
    """A value that can't be read as text becomes None; anything but an object means no labels."""
    if not isinstance(value, Mapping):
        return {}
    return {plain(str(name)): _as_label(one) for name, one in value.items()}


def _as_label(value: object) -> object:
    return _as_text(value) if isinstance(value, str | bool | int | float) else None


def _as_moment(value: object) -> datetime | None:
    """RFC 3339 with an offset. None for anything else, and for the year 1, Go's zero time."""
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


# Go writes nanoseconds; Python parses microseconds.
_FRACTION = re.compile(r"(\.\d{6})\d+")

# Text, or a value that can be read as text.
Text = Annotated[str, BeforeValidator(_as_text)]
# Like `Text`; null is read as ''.
OrNone = Annotated[str, BeforeValidator(_as_text_or_none)]
# Like `OrNone`; anything else is read as ''.
Loose = Annotated[str, BeforeValidator(_as_text_or_nothing)]
# By name. None: the value can't be read as text, and is left out.
Labels = Annotated[dict[str, str | None], BeforeValidator(_as_labels)]
# By the sender's clock. None: not given.
Moment = Annotated[datetime | None, BeforeValidator(_as_moment)]


def known(labels: Mapping[str, str | None]) -> dict[str, str]:
    """The labels that have a value."""
    return {name: value for name, value in labels.items() if value is not None}


def oddities(content: Mapping[str, Any], where: str) -> Iterator[str]:
    """Of an accepted alert: each field that was left out because it's neither text nor a time."""
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
    """The text on one line, cut with an ellipsis; '' if nothing is left."""
    return cut(plain_line(text), length)


def severity_word(text: str | None) -> str | None:
    """The source's word, short enough for a card; None if it has none."""
    return one_line(text or "", SEVERITY_LENGTH) or None


def some_text(text: str) -> str:
    return cut(plain(text).strip(), TEXT_LENGTH)


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    return {one_line(name, LABEL_LENGTH): one_line(value, LABEL_LENGTH) for name, value in labels.items()}


def named_links(addresses: Mapping[str, str | None]) -> dict[str, str]:
    """The valid web addresses, by name."""
    found = ((one_line(name, LINK_NAME_LENGTH), web_address(address)) for name, address in addresses.items())
    return {name: address for name, address in found if name and address}


def measured(values: Mapping[str, object]) -> dict[str, str]:
    """Numbers in readable form, and short texts. Everything else, and more than fits on a card, is left out."""
    shown = ((one_line(str(name), MEASURED_LENGTH), _as_measured(value)) for name, value in values.items())
    return dict([(name, value) for name, value in shown if name and value][:MOST_MEASURED])


def _as_measured(value: object) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) >= 1e15 else f"{value:.0f}"
    return one_line(value if isinstance(value, str) else str(_as_label(value) or ""), MEASURED_LENGTH)


def web_address(text: str | None) -> str | None:
    """The URL; None if it isn't a web page's, or contains characters that could break out of a link."""
    if not text or len(text) > URL_LENGTH or not text.isprintable() or any(sign in text for sign in '<>|" '):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname else None

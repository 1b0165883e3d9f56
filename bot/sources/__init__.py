"""The shelf of alert formats: one more file here is one more source that `POST /alerts/<source>` understands.

A source is a module with
    NAME                      the word in the address
    parse(body, headers)      the alerts in a body, in our words; raises Unreadable or WrongShape
and, where its system has them,
    SECRET                    the setting (see `bot/settings`) that holds the secret it signs with
    is_signed(body, headers, secret, now)
                              was this body signed with the secret? Judged on the raw bytes, in constant time
    delivery(body, headers)   the system's own id of a delivery, the same on a retry; None = this one has none
Parsing is pure: bytes in, alerts out. `headers` are found whatever their capitals.
"""

import importlib
import json
import pkgutil
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.domain.alert import ReceivedAlert
from bot.domain.errors import Refused

TITLE_LENGTH = 200
TEXT_LENGTH = 2000
LABEL_LENGTH = 500
# Of an address that Slack still takes for a button.
URL_LENGTH = 3000


class Unreadable(Refused):
    """The body is not written in the language its source speaks."""


class WrongShape(Refused):
    """The body can be read, but it is not what its source sends; the message names the first place."""


Headers = Mapping[str, str]
Parse = Callable[[bytes, Headers], list[ReceivedAlert]]
IsSigned = Callable[[bytes, Headers, str, datetime], bool]
Delivery = Callable[[bytes, Headers], str | None]


@dataclass(frozen=True)
class Source:
    """One module of this package. None: its system has nothing of the kind."""

    name: str
    parse: Parse
    is_signed: IsSigned | None = None
    secret: str | None = None
    delivery: Delivery | None = None


def on_the_shelf() -> dict[str, Source]:
    """Every source, by its name."""
    found = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return {module.NAME: _source(module) for module in found}


def _source(module: Any) -> Source:
    is_signed, secret = getattr(module, "is_signed", None), getattr(module, "SECRET", None)
    return Source(module.NAME, module.parse, is_signed, secret, getattr(module, "delivery", None))


# What the sources read with


class Shape(BaseModel):
    """A part of a body. What a source sends beside it is its own business."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Shaped = TypeVar("Shaped", bound=Shape)


def read_json(body: bytes) -> Any:
    """Raises Unreadable."""
    try:
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
        raise WrongShape(f"{place}: {first['msg']}") from error


def _as_text(value: object) -> object:
    """Numbers and truths are read as they are written; signs that cannot be kept or shown are blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    """Without control characters, other than line breaks, and without halves of characters."""
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n" else sign for sign in text)


# A text, or what can be read as one.
Text = Annotated[str, BeforeValidator(_as_text)]


def one_line(text: str, length: int = TITLE_LENGTH) -> str:
    """On one line, cut with an ellipsis; '' when nothing is left."""
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def some_text(text: str) -> str:
    return text.strip() if len(text.strip()) <= TEXT_LENGTH else text.strip()[: TEXT_LENGTH - 1].rstrip() + "…"


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    return {one_line(name, LABEL_LENGTH): one_line(value, LABEL_LENGTH) for name, value in labels.items()}


def web_address(text: str | None) -> str | None:
    """None for what is no address of a page, or could break out of the link it is put in."""
    if not text or len(text) > URL_LENGTH or not text.isprintable() or any(sign in text for sign in '<>|" '):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname else None

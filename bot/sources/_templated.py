"""Shared readers for sources whose body the user writes around placeholders that the system replaces."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from bot.domain.alerts.rules import level_of
from bot.domain.text import plain
from bot.garbage import uncollected
from bot.sources import Unreadable, WrongShape
from bot.sources._shapes import one_line

# The most fields in a form; a normal body has a dozen.
MOST_FIELDS = 200
# The most unreplaced placeholders listed in an error.
PLACEHOLDERS_SHOWN = 8


def fields_of(body: bytes, names: Collection[str]) -> dict[str, Any]:
    """The fields of a JSON object or a form, by name; of a repeated name, the first.

    `names` are the fields that matter. If a text with quotes of its own has broken the JSON, they mark where one field
    ends and the next begins. The first of a repeated name wins, so that a text that breaks out of its quotes can't
    override an earlier field. Raises Unreadable, and WrongShape for JSON that isn't an object.
    """
    text = body.decode("utf-8", "replace").strip().removeprefix("\ufeff")
    if not text.startswith(("{", "[", '"')):
        found = _form(text)
    else:
        try:
            with uncollected():
                found = json.loads(text, strict=False, object_pairs_hook=_first_of_each)
        except (ValueError, RecursionError):
            found = _broken(text, names)
    if not isinstance(found, dict):
        raise WrongShape("the body is no JSON object")
    if not found:
        raise Unreadable("the body is neither a JSON object nor a form with fields")
    return found


def texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """The non-empty texts, numbers and booleans, as text that can be stored."""
    found = {name: _as_text(value) for name, value in fields.items()}
    return {name: value for name, value in found.items() if value}


def unreplaced(system: str, placeholders: Iterable[str], advice: str) -> WrongShape:
    """The error for a body that came with its placeholders unreplaced. Formatted as code: Slack reads asterisks as
    bold."""
    shown = [f"`{one_line(one, 40).replace('`', ' ')}`" for one in placeholders]
    more = f" and {len(shown) - PLACEHOLDERS_SHOWN} more" if len(shown) > PLACEHOLDERS_SHOWN else ""
    return WrongShape(
        f"{system} sent its placeholders unreplaced: {', '.join(shown[:PLACEHOLDERS_SHOWN])}{more}. {advice}"
    )


def epoch(text: str | None) -> datetime | None:
    """Seconds or milliseconds since 1970; None for anything else."""
    if not text or not re.fullmatch(r"\d{9,13}(\.\d+)?", text):
        return None
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC)


def moment_of(written: object) -> datetime | None:
    """ISO 8601, UTC if it names no zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def severity_among(tags: Iterable[str]) -> str | None:
    """The first tag that is a severity word, such as `critical`, `P2` or `severity:warning`."""
    words = (re.split("[:=]", tag)[-1].strip() for tag in tags)
    return next((word for word in words if level_of(word)), None)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return plain(value).strip() if isinstance(value, str) else ""


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Unreadable("the body is neither a JSON object nor a form") from error
    # Without “=” it is plain text, not a form.
    return _first_of_each(pairs) if "=" in text else {}


def _broken(text: str, names: Collection[str]) -> dict[str, Any]:
    """Split broken JSON: each known name begins a field, and its value extends to the next known name."""
    known = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    begins = list(re.finditer(rf'[{{,]\s*"\*?({known})\*?"\s*:\s*', text))
    ends = [*(one.start() for one in begins[1:]), len(text.removesuffix("}"))]
    return _first_of_each([(one[1], _value(text[one.end() : ends[at]].strip())) for at, one in enumerate(begins)])


def _value(written: str) -> str:
    if not written.startswith('"'):
        return written
    inside = written[1:].removesuffix('"')
    try:
        read = json.loads(f'"{inside}"', strict=False)
    except ValueError:
        return inside
    return str(read)

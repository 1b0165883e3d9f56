"""The organisation's own alert formats: where in a posted JSON each part of an alert is."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.domain.errors import Refused
from bot.runbook.parts import Keyed, Part
from bot.runbook.values import Level, Text, a_list, refused_as_wrong, wrong
from bot.runbook.written import each_scalar, or_text, written

STEPS = 20


def _dotted(text: str) -> str:
    """`monitor.tags.0.name`: object keys and list indexes, from the outside in."""
    steps = text.strip().split(".")
    if not all(step and step == step.strip() for step in steps) or len(steps) > STEPS:
        raise Refused(f"“{text}” is no path into a body: write names and numbers with dots, as monitor.tags.0.name")
    return text.strip()


DottedPath = Annotated[str, refused_as_wrong(_dotted)]


def as_written(value: object) -> object:
    """Numbers and booleans as they are written in JSON, because 0 and true are compared as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


@written(each_scalar)
def _each_as_written(values: object) -> object:
    return [as_written(value) for value in values] if isinstance(values, list | tuple) else values


Values = Annotated[tuple[Text, ...], BeforeValidator(_each_as_written), a_list("values")]


class SourceStatus(Part):
    """A value in neither list is ignored."""

    path: DottedPath
    firing: Values
    resolved: Values = ()


def _keys_as_written(words: object) -> object:
    return {as_written(word): level for word, level in words.items()} if isinstance(words, Mapping) else words


class SourceSeverity(Part):
    """A word that isn't in `map` is used as it is."""

    path: DottedPath
    map: Annotated[dict[str, Level], BeforeValidator(_keys_as_written)] = Field(default_factory=dict)


@written(or_text)
def _as_severity(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _as_status(value: object) -> object:
    if isinstance(value, str):
        raise wrong("should say which values fire: {path: heartbeat.status, firing: [0], resolved: [1]}")
    return value


class AlertSource(Keyed):
    """Reached at `POST /alerts/<key>`. Every part except the title may be missing from a body."""

    title: DottedPath
    status: Annotated[SourceStatus, BeforeValidator(_as_status)]
    fingerprint: DottedPath | None = None
    description: DottedPath | None = None
    url: DottedPath | None = None
    severity: Annotated[SourceSeverity, BeforeValidator(_as_severity)] | None = None
    labels: dict[str, DottedPath] = Field(default_factory=dict)

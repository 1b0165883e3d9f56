"""Reads sources that the runbook describes under `alerts.sources`: any tool that can post JSON."""

from collections.abc import Mapping, Sequence
from functools import partial

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.runbook.alert_sources import AlertSource, as_written
from bot.sources import Headers, Reading, Source, WrongShape
from bot.sources._shapes import labels_of, one_line, read_json, severity_word, some_text, web_address


def configured(described: Mapping[str, AlertSource]) -> dict[str, Source]:
    return {name: Source(name, partial(read, source)) for name, source in described.items()}


def read(source: AlertSource, body: bytes, headers: Headers) -> Reading:
    """Read one alert. A status that is neither firing nor resolved yields no alert and is reported as odd."""
    content = read_json(body)
    status = _text_at(content, source.status.path)
    if status is None:
        raise WrongShape(f"{source.status.path}: there is no text, number or true/false in the body")
    if status not in (*source.status.firing, *source.status.resolved):
        return Reading([], odd=[f"{source.status.path} is {one_line(status, 60)}: neither firing nor resolved"])
    title = one_line(_text_at(content, source.title) or "")
    if not title:
        raise WrongShape(f"{source.title}: there is no title in the body")
    return Reading([_received(source, content, title, firing=status in source.status.firing)])


def _received(source: AlertSource, content: object, title: str, *, firing: bool) -> ReceivedAlert:
    found = {name: _text_at(content, path) for name, path in source.labels.items()}
    labels = labels_of({name: value for name, value in found.items() if value})
    own = _text_at(content, source.fingerprint)
    return ReceivedAlert(
        title=title,
        firing=firing,
        fingerprint=identity(own) if own else fingerprint_of(labels, title),
        severity=severity_word(_severity(source, content)),
        description=some_text(_text_at(content, source.description) or ""),
        url=web_address(_text_at(content, source.url)),
        labels=labels,
    )


def _severity(source: AlertSource, content: object) -> str | None:
    if source.severity is None:
        return None
    word = _text_at(content, source.severity.path)
    return source.severity.map.get(word, word) if word else None


def _text_at(content: object, path: str | None) -> str | None:
    """The text at `path`; None if nothing is there, or it can't be read as text."""
    for step in path.split(".") if path else ():
        content = _within(content, step)
    value = as_written(content) if path else None
    return value if isinstance(value, str) and value.strip() else None


def _within(content: object, step: str) -> object:
    if isinstance(content, Mapping):
        return content.get(step)
    if isinstance(content, Sequence) and not isinstance(content, str) and step.isascii() and step.isdigit():
        return content[int(step)] if len(step) < 10 and int(step) < len(content) else None
    return None

"""An application's own error reports, from its error boundary or its exception handler.

    {"application": "shop", "environment": "production", "version": "4f3a9c1", "type": "TypeError",
     "message": "Cannot read properties of undefined (reading 'id')",
     "stack": "TypeError: Cannot read …\\n    at Cart (cart.js:12:5)",
     "boundary": "page", "component": "Checkout", "url": "https://…"}

Or a list of them, bare or under `errors`. At least one of `message`, `type` and `stack` is required; `error`,
`errorInfo` and `context` may hold any of the fields, as a caught exception does when serialised to JSON.

Reports with the same stack are one alert, whatever numbers it contains; without a stack, reports with the same message
are. Nothing reports that an error is over: people close its card. Personal data and secrets are removed before anything
is stored (`bot/domain/redaction.py`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, Field, model_validator

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of
from bot.domain.redaction import DEEPEST, redacted, redacted_values
from bot.sources import Headers, Reading, Unreadable
from bot.sources._assessment import BOUNDARIES, assessed, severity_word
from bot.sources._shapes import (
    TITLE_LENGTH,
    Loose,
    Shape,
    delivery_named_by,
    labels_of,
    one_line,
    read_json,
    shaped_each,
    some_text,
    web_address,
)

NAME = "errors"
TITLE = "the application"

# How much of a text is looked at. The cut may fall into the middle of a secret, so the last characters are dropped too.
TEXT_READ = 8_000
CUT_OFF = 100
# How much of all texts in a body is looked at; after that, only the beginning of each. Repeated texts count once.
BODY_LOOKED_AT = 250_000
BEGINNING_READ = 1_000
# How much of a body is stored; the rest isn't worth the time.
BODY_READ = 96_000
# The overhead of JSON syntax per value.
AROUND = 4
FRAMES_COMPARED = 12
FRAMES_SHOWN = 5
NAMELESS = "unnamed"
INNER = ("error", "errorInfo", "error_info")
# The fields read from `context`, where an application also puts data of its own.
IN_CONTEXT = ("application", "environment", "version", "component", "boundary", "severity", "url")


class _Report(Shape):
    message: Loose = Field("", validation_alias=AliasChoices("message", "reason"))
    type: Loose = Field("", validation_alias=AliasChoices("type", "name", "exception"))
    stack: Loose = Field("", validation_alias=AliasChoices("stack", "stacktrace", "stack_trace", "traceback"))
    application: Loose = Field("", validation_alias=AliasChoices("application", "app", "service", "project"))
    environment: Loose = Field("", validation_alias=AliasChoices("environment", "env"))
    version: Loose = Field("", validation_alias=AliasChoices("version", "release", "build"))
    component: Loose = Field("", validation_alias=AliasChoices("component", "componentName"))
    component_stack: Loose = Field("", validation_alias="componentStack")
    severity: Loose = ""
    boundary: Loose = Field("", validation_alias=AliasChoices("boundary", "errorBoundary"))
    level: Loose = ""
    url: Loose = Field("", validation_alias=AliasChoices("url", "page"))

    @model_validator(mode="before")
    @classmethod
    def _outer_first(cls, content: object) -> object:
        """Fields of the report itself win over those of its parts."""
        if not isinstance(content, Mapping):
            return content
        parts = [content, *(content.get(name) for name in INNER)]
        if isinstance(content.get("error"), str):
            parts.append({"message": content["error"]})
        if isinstance(context := content.get("context"), Mapping):
            parts.append({name: context[name] for name in IN_CONTEXT if name in context})
        found: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, Mapping):
                found = {**{name: value for name, value in part.items() if value not in (None, "")}, **found}
        return found

    @model_validator(mode="after")
    def _says_something(self) -> "_Report":
        if not (self.message.strip() or self.type.strip() or self.stack.strip()):
            raise ValueError("has no message, no type and no stack")
        return self


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    if isinstance(content, Mapping) and "errors" in content:
        content = content["errors"]
    if not isinstance(content, list):
        content = [content]
    reports, odd = shaped_each(_Report, content, "errors")
    clean = _Cleaner()
    return Reading([_received(report, clean) for report in reports], odd=odd)


def kept(body: bytes) -> bytes:
    """The body without private data, even if it isn't JSON; empty if it isn't text."""
    try:
        content = read_json(body)
    except Unreadable:
        return b"" if b"\0" in body else _without_private(body.decode("utf-8", "replace"), BODY_READ).encode()
    return json.dumps(redacted_values(_shortened(content, [BODY_READ])), ensure_ascii=False).encode("utf-8", "replace")


def delivery(body: bytes, headers: Headers) -> str | None:
    return delivery_named_by("Idempotency-Key", body, headers)


def client(alert: ReceivedAlert) -> str:
    return alert.labels["application"]


class _Cleaner:
    """Redacts the texts of a body, each distinct text once: reports of one fault repeat themselves."""

    def __init__(self) -> None:
        self._left = BODY_LOOKED_AT
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        read = text[: TEXT_READ + 1]
        if (known := self._known.get(read)) is None:
            known = _without_private(text, TEXT_READ if self._left > 0 else BEGINNING_READ)
            self._left -= len(read)
            self._known[read] = known
        return known


def _received(report: _Report, clean: _Cleaner) -> ReceivedAlert:
    message, stack = clean(report.message), clean(report.stack)
    kind = one_line(clean(report.type)) or _kind_in(message) or _kind_in(stack) or "Error"
    boundary = next((word for word in (report.boundary.lower(), report.level.lower()) if word in BOUNDARIES), "")
    said = report.severity or (report.level if report.level.lower() not in BOUNDARIES else "")
    known = {
        "application": clean(report.application).strip() or NAMELESS,
        "environment": clean(report.environment),
        "type": kind,
        "component": clean(report.component) or _first_called(report.component_stack),
        "boundary": boundary,
        # Commits are usually shown abbreviated, and a full hash would be redacted as a secret.
        "version": clean(report.version[:12] if _COMMIT.fullmatch(report.version) else report.version),
    }
    labels = labels_of({name: value for name, value in known.items() if value.strip()})
    return ReceivedAlert(
        title=_title(kind, message, stack),
        firing=True,
        fingerprint=_fingerprint(labels, kind, message, stack),
        severity=severity_word(clean(said)) if said.strip() else assessed(f"{kind}: {message}", boundary),
        description=some_text("\n".join([message] * (len(message) > TITLE_LENGTH) + _frames(stack, FRAMES_SHOWN))),
        url=web_address(clean(re.split(r"[?#]", report.url)[0])),
        labels=labels,
    )


def _title(kind: str, message: str, stack: str) -> str:
    """The type and message. Without a message, the stack's line that begins with the type: whole stacks are too
    long."""
    said = message.strip() or next((line for line in _lines(stack) if line.startswith(kind)), "")
    return one_line(said if said.startswith(kind) else f"{kind}: {said}" if said else kind)


def _fingerprint(labels: Mapping[str, str], kind: str, message: str, stack: str) -> str:
    """The same for one fault, regardless of the order, the version, or the machine it occurred on."""
    where = {name: labels[name] for name in ("application", "environment") if name in labels}
    frames = [_normalised(one) for one in _frames(stack, FRAMES_COMPARED)]
    return fingerprint_of(where, kind, *(frames or [_normalised(message or stack)]))


def _frames(stack: str, most: int) -> list[str]:
    """The stack's calls, as JavaScript, Python, the JVM, .NET and others write them; consecutive repeats once."""
    found: list[str] = []
    for line in _lines(stack):
        if _FRAME.search(line) and line not in found[-1:]:
            found.append(line)
    return found[:most]


def _lines(text: str) -> Iterable[str]:
    return (line.strip() for line in text.splitlines())


def _normalised(text: str) -> str:
    """The text without what varies between occurrences: numbers, addresses, build hashes, quoted values."""
    for pattern, sign in _DIFFERING:
        text = pattern.sub(sign, text)
    return text[:500]


def _first_called(stack: str) -> str:
    """The innermost component in a React component stack; '' if there is none."""
    found = _CALLED.search(stack[:TEXT_READ])
    return found[1] if found else ""


def _kind_in(text: str) -> str:
    """`TypeError` in `Uncaught TypeError: …`; '' if there is none."""
    found = _KIND.search(text)
    return found[1] if found else ""


def _without_private(text: str, length: int) -> str:
    return redacted(text) if len(text) <= length else redacted(text[:length])[:-CUT_OFF]


def _shortened(content: object, left: list[int], depth: int = 0) -> object:
    """As much as may be stored, to bound the time for large bodies. `left`: the characters left, in a one-item list."""
    if isinstance(content, str):
        text = content[: max(left[0], 0)]
        left[0] -= len(content)
        return text if len(text) == len(content) else text[:-CUT_OFF] + "…"
    if (left[0] <= 0 and content) or depth > DEEPEST:
        return "…"
    if isinstance(content, Mapping):
        return dict(_within(left, ((name[:TEXT_READ], value) for name, value in content.items()), depth))
    if isinstance(content, list):
        return [value for _, value in _within(left, (("", one) for one in content), depth)]
    return content


def _within(left: list[int], items: Iterable[tuple[str, object]], depth: int) -> Iterator[tuple[str, object]]:
    """Each item shortened, until nothing is left."""
    for name, value in items:
        if left[0] <= 0:
            return
        left[0] -= len(name) + AROUND
        yield name, _shortened(value, left, depth + 1)


_COMMIT = re.compile(r"[0-9a-fA-F]{32,64}")
_KIND = re.compile(
    r"\b((?:[A-Z]\w{0,80}|[a-z]\w{0,40}(?:\.\w{1,40}){1,5}?\.[A-Z]\w{0,80})(?:Error|Exception|Fault|Warning))\b"
)
_CALLED = re.compile(r"(?:\bat|\bin)\s{1,4}([A-Z]\w{0,80})")
_FRAME = re.compile(r"^at\s|^File \"|@\S{0,300}:\d+|:\d+:in [`']|\.go:\d+|\.php[(:]\d+")
_DIFFERING = (
    # The origin it was loaded from, and the query.
    (re.compile(r"(?:https?|file|webpack(?:-internal)?)://[^/\s)]*+"), ""),
    (re.compile(r"\?[^\s:)]*+"), ""),
    (re.compile(r"(?<!\w)0x[0-9a-fA-F]++"), "#"),
    (re.compile(r"[\"'`“][^\"'`”]{0,200}[\"'`”]"), "“”"),
    # The hash in a bundle's name, and ids.
    (re.compile(r"(?<=[-.])\w{8}(?=\.(?:m?js|css))|(?<!\w)(?=[a-fA-F]{0,40}\d)[0-9a-fA-F]{6,}+(?!\w)"), "#"),
    (re.compile(r"\d++(?::\d++)*+"), "#"),
    (re.compile(r"#(?:[-:.]#)++"), "#"),
)

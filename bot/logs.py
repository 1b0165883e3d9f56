"""The bot's log: one event per line, ids first, and never a secret."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import takewhile
from typing import Literal

Style = Literal["text", "json"]

REDACTED = "[redacted]"
# They log every request and job; we log what matters of it ourselves.
QUIET = (
    "slack_bolt",
    "slack_sdk",
    "aiohttp",
    "apscheduler",
    "psycopg",
    "mail",
    "asyncio",
    "pymongo",
    "charset_normalizer",
)
# Redacting a shorter secret would remove half of every line.
SHORTEST_SECRET = 4

# Secret by their position, whatever the value: query parameters, path tokens, headers, Slack's tokens.
SECRET_PLACES = re.compile(
    r"(?P<place>(?<![\w-])(?:token|ticket|api_key)=|/ack/|\bBearer\s+)[^\s&\"'#,;)\]]+"
    r"|(?<!\w)(?:xox[a-z]|xapp)-[\w-]{6,}",
    re.IGNORECASE,
)
FIELD = re.compile(r"[a-z_]+=\S")

# Warnings that anybody can provoke are limited to this rate.
SAID_EVERY_S = 60.0


class Redactor:
    """Removes every known secret from a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        # Longest first: redacting a password inside a URL must not leave the rest of the URL visible.
        ordered = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        return SECRET_PLACES.sub(lambda found: f"{found['place'] or ''}{REDACTED}", text)


def configure(*, level: str = "INFO", style: Style = "text", secrets: Iterable[str] = ()) -> None:
    """Log everything in this process to stderr. Can be called again when more secrets are known."""
    writer = logging.StreamHandler(sys.stderr)
    writer.setFormatter(LineFormatter(Redactor(secrets), style))
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        root.removeHandler(earlier)
    root.addHandler(writer)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


class LineFormatter(logging.Formatter):
    """Formats a record as one line, with secrets removed from its message and traceback."""

    def __init__(self, redact: Redactor, style: Style) -> None:
        super().__init__()
        self._redact = redact
        self._write = _as_json if style == "json" else _as_text

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "at": _instant(record.created),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("bot."),
            "message": self._redact(record.getMessage()),
        }
        if record.exc_info:
            event["exception"] = self._redact(self.formatException(record.exc_info))
        return self._write(event)


def _as_text(event: Mapping[str, str]) -> str:
    words = " ".join(event[name] for name in ("at", "level", "logger", "message"))
    if "exception" in event:
        words += f" exception={json.dumps(event['exception'], ensure_ascii=False)}"
    return _one_line(words)


def _as_json(event: Mapping[str, str]) -> str:
    """The ids that a message begins with become fields, for searching."""
    leading = takewhile(FIELD.match, event["message"].split())
    ids = dict(pair.split("=", 1) for pair in leading)
    return json.dumps({**ids, **event})


def _one_line(text: str) -> str:
    """Escapes control characters, so that nothing from outside can forge a second event."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _instant(created: float) -> str:
    """RFC 3339 in UTC to the millisecond; `created` in Unix seconds of this machine's clock."""
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Seldom:
    """A warning logged at most once a minute, with how often it was triggered."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said_at_s = float("-inf")
        self._unsaid = 0

    def warn(self, words: str) -> None:
        self._unsaid += 1
        now = time.monotonic()
        if now - self._said_at_s >= SAID_EVERY_S:
            self._log.warning("%s; met %s times", words, self._unsaid)
            self._said_at_s, self._unsaid = now, 0

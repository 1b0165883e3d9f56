"""A server's response, and what it means for what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from bot.domain.errors import Failed, Rejected, Throttled, Unanswered
from bot.garbage import uncollected

# An XML declaration or a comment may precede a page's first tag; some pages have no enclosing tag.
PAGE_BEGINS_WITHIN = 1024
MARKS_OF_A_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<meta", b"<script")
# Other servers' words are shown to people, but not at any length.
SAID_LENGTH = 200
# A proxy wants a password, or the request came too slowly or too early: none of these is about what was sent.
NO_WORD_OF_REFUSAL = (407, 408, 425)
# A page can't wait for as long as a day, even if asked to: then it asks again.
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Answer:
    """A server's complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Mapping[str, Any]:
        """The object in the body; empty when there is none."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Is the body a JSON object, even an empty one?"""
        return self._object is not None

    @cached_property
    def _object(self) -> dict[str, Any] | None:
        try:
            with uncollected():
                found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_web_page(self) -> bool:
        """A whole HTML document, as proxies and captive portals send in place of the server."""
        began = self.body[:PAGE_BEGINS_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return began.startswith(b"<") and any(mark in began for mark in MARKS_OF_A_PAGE)

    @property
    def shown(self) -> str:
        """Describes a response that can't be understood."""
        return f"{self.status}" + (" with a web page" if self.is_web_page else "")


def refusal(answer: Answer, *, whose: str, now: datetime, is_theirs: bool, why: str = "") -> Failed:
    """The error for a response other than 2xx; `why` is the server's own reason.

    A request for time means Throttled. Only what the provider documents as its refusal (`is_theirs`) is final. Anything
    else, such as a proxy's page, a redirect or a server error, doesn't tell whether it was accepted.
    """
    said = f"{whose} says {answer.shown}" + (f" {shown(why)}" if why else "")
    if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
        return Throttled(said, retry_after(answer, now))
    if is_theirs and 400 <= answer.status < 500 and answer.status not in NO_WORD_OF_REFUSAL:
        return Rejected(said, str(answer.status))
    return Unanswered(said)


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """The `Retry-After` header, seconds or a date, within 1 s and LONGEST_WAIT. None: missing or not understood."""
    retry_after = answer.headers.get("Retry-After", "")
    try:
        asked = _until(retry_after, now) if retry_after[:1].isalpha() else timedelta(seconds=float(retry_after))
    except (ValueError, OverflowError):
        asked = None
    return None if asked is None else min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def date_of(answer: Answer) -> datetime | None:
    """The response's `Date`, by the server's clock, to the second."""
    return date_read(answer.headers.get("Date", ""))


def date_read(text: str) -> datetime | None:
    """A date in the format of HTTP and mail, as UTC unless it names a zone; None if invalid or out of range: a wrong
    date is no reason to discard the rest."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def shown(text: str) -> str:
    """As much of somebody else's words as is shown: one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:SAID_LENGTH]


def _until(date: str, now: datetime) -> timedelta | None:
    until = date_read(date)
    return until - now if until else None

"""What a server has answered, and what that means for what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from bot.domain.errors import Failed, Rejected, Throttled, Unanswered
from bot.garbage import uncollected

# A declaration of XML or a comment may stand before the first tag of a page; some have no tag around the whole.
PAGE_BEGINS_WITHIN = 1024
MARKS_OF_A_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<meta", b"<script")
# What somebody else's server says is shown to people, but not at any length.
SAID_LENGTH = 200
# Of a proxy that wants a password, of a request that came too slowly or too early: none of them is about what was sent.
NO_WORD_OF_REFUSAL = (407, 408, 425)
# Whoever asks for a day means something else, and a page must not wait that long: then it is asked again.
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Answer:
    """What a server said, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Mapping[str, Any]:
        """The object in the body; empty when there is none."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Is the body a JSON object, be it an empty one?"""
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
        """A whole document for a browser, as proxies and captive portals answer in the place of whoever was asked."""
        began = self.body[:PAGE_BEGINS_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return began.startswith(b"<") and any(mark in began for mark in MARKS_OF_A_PAGE)

    @property
    def shown(self) -> str:
        """What came instead of an answer that can be understood."""
        return f"{self.status}" + (" with a web page" if self.is_web_page else "")


def refusal(answer: Answer, *, whose: str, now: datetime, is_theirs: bool, why: str = "") -> Failed:
    """The error that an answer other than a yes is; `why` is the server's own reason.

    Asking for time: nothing of ours for now. A no for good is only what the provider documents as its refusal
    (`is_theirs`). Anything else, such as a proxy's page, a redirect, or a fault of theirs, does not tell whether it was
    accepted.
    """
    said = f"{whose} says {answer.shown}" + (f" {shown(why)}" if why else "")
    if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
        return Throttled(said, retry_after(answer, now))
    if is_theirs and 400 <= answer.status < 500 and answer.status not in NO_WORD_OF_REFUSAL:
        return Rejected(said, str(answer.status))
    return Unanswered(said)


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """From seconds or a date; within reason, whatever was asked for. None: nothing that can be understood."""
    retry_after = answer.headers.get("Retry-After", "")
    try:
        asked = _until(retry_after, now) if retry_after[:1].isalpha() else timedelta(seconds=float(retry_after))
    except (ValueError, OverflowError):
        asked = None
    return None if asked is None else min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def date_of(answer: Answer) -> datetime | None:
    """When it was given by the clock of whoever gave it, to the second."""
    return date_read(answer.headers.get("Date", ""))


def date_read(text: str) -> datetime | None:
    """A date as HTTP and mails write it, in UTC where it names no zone; None for what is none, or lies outside of any
    calendar: a wrong date is no reason to forget what was said beside it."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def shown(text: str) -> str:
    """As much of somebody else's words as people are shown: one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:SAID_LENGTH]


def _until(date: str, now: datetime) -> timedelta | None:
    until = date_read(date)
    return until - now if until else None

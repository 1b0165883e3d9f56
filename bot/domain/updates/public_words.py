"""A text on our public status page, and its public id."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from bot.domain.updates.update import Moment


@dataclass(frozen=True)
class PublicWords:
    """`id` is the same wherever and whenever the page is written."""

    id: str
    moment: Moment
    subject: str
    text: str
    at: datetime


def public_id(feed: str, kind: str, number: int) -> str:
    """Stable, without revealing how many there have been."""
    return sha256(f"{feed} {kind} {number}".encode()).hexdigest()[:16]


def public_words(feed: str, number: int, moment: Moment, subject: str, text: str, at: datetime) -> PublicWords:
    return PublicWords(public_id(feed, "words", number), moment, subject, text, at)

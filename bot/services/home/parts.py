"""A part of the App Home: a headline, and lines that each may have a button."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.actor import Actor
from bot.slack.blocks import Button


@dataclass(frozen=True)
class Viewer:
    """Who looks, by all the names they are known by."""

    actor: Actor
    names: Sequence[str]


@dataclass(frozen=True)
class Line:
    words: str
    button: Button | None = None


@dataclass(frozen=True)
class Section:
    """`more`: how many lines are left out."""

    headline: str
    lines: Sequence[Line] = ()
    buttons: Sequence[Button] = field(default_factory=tuple)
    more: int = 0


class Part(Protocol):
    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        """None: there is nothing to say."""


def limited(headline: str, lines: Sequence[Line], most: int, buttons: Sequence[Button] = ()) -> Section:
    """As many lines as there is room for."""
    return Section(headline, lines[:most], buttons, max(len(lines) - most, 0))

"""A part of the App Home: a headline, and lines that each may have a button."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.actor import Actor
from bot.slack.blocks import Button


@dataclass(frozen=True)
class Viewer:
    """Who looks at it. `names`: their runbook key, if any, and Slack id."""

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
        """The section for this viewer; None: nothing to show."""


def limited(headline: str, lines: Sequence[Line], most: int, buttons: Sequence[Button] = ()) -> Section:
    """A section with at most this many of the lines; `more` counts the rest."""
    return Section(headline, lines[:most], buttons, max(len(lines) - most, 0))

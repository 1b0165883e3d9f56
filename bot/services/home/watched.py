"""The state of checks and backups, and the silences in force."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.backups.backup import BackupStanding
from bot.domain.backups.drill import Drill
from bot.domain.checks.check import CheckStanding
from bot.rendering import Rendering
from bot.services.alerts.silence_posts import silence_buttons
from bot.services.alerts.silences import Silences
from bot.services.home.parts import Line, Section, Viewer, limited
from bot.slack.blocks import Button

MOST = 6


class Checks(Protocol):
    async def standings(self) -> Sequence[CheckStanding]: ...


class Backups(Protocol):
    async def standings(self) -> Sequence[BackupStanding]: ...


class Drills(Protocol):
    async def last_of_each(self) -> Mapping[str, Drill]: ...


class HealthPart:
    """Shows the latest stored looks; starts none."""

    def __init__(self, health: Checks, rendering: Rendering) -> None:
        self._health = health
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        standings = await self._health.standings()
        if not standings:
            return None
        ill = [one for one in standings if one.state != "healthy"]
        lines = [
            Line(self._rendering.say("slack/home_check", standing=one, out=[]), _run_again(one.name)) for one in ill
        ]
        headline = self._rendering.say("slack/home_headline", part="health", count=len(standings), ill=len(ill))
        return limited(headline, lines, MOST)


class BackupsPart:
    def __init__(self, backups: Backups, drills: Drills, rendering: Rendering) -> None:
        self._backups = backups
        self._drills = drills
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        standings = await self._backups.standings()
        if not standings:
            return None
        facts = {"drills": await self._drills.last_of_each(), "recoveries": {}, "now": now}
        lines = [
            Line(
                self._rendering.say("slack/home_backup", standing=one, **facts),
                None if one.unsupported else Button("Back up", f"backup.run#{one.name}", one.name),
            )
            for one in standings
        ]
        late = sum(one.is_late(now) for one in standings)
        headline = self._rendering.say("slack/home_headline", part="backups", count=len(standings), ill=late)
        return limited(headline, lines, MOST)


class SilencesPart:
    def __init__(self, silences: Silences, rendering: Rendering) -> None:
        self._silences = silences
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        found = await self._silences.in_force()
        if not found:
            return None
        lines = [
            Line(self._rendering.say("slack/home_silence", silence=one), silence_buttons(one)[0]) for one, _ in found
        ]
        headline = self._rendering.say("slack/home_headline", part="silences", count=len(found), ill=0)
        return limited(headline, lines, MOST)


def _run_again(name: str) -> Button:
    return Button("Run again", f"health.run#{name}", name)

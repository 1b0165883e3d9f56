"""Planned work, recurring tasks, and readiness: when things were last rehearsed and tested."""

from datetime import datetime

from bot.domain.maintenance.window import Window
from bot.domain.tasks.recurring import Occurrence
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.home.parts import Line, Section, Viewer, limited
from bot.services.maintenance.windows import Windows
from bot.services.tasks.recurring import RecurringTasks
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.home import home

MOST = 5


class PlannedPart:
    def __init__(self, windows: Windows, rendering: Rendering) -> None:
        self._windows = windows
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        found = await self._windows.to_come()
        if not found:
            return None
        lines = [Line(self._rendering.say("slack/home_window", window=one), _button(one)) for one in found]
        headline = self._rendering.say("slack/home_headline", part="planned", count=len(found), ill=0)
        return limited(headline, lines, MOST)


class RecurringPart:
    """Recurring tasks that are due, and those the bot ticked within the last day."""

    def __init__(self, tasks: RecurringTasks, rendering: Rendering) -> None:
        self._tasks = tasks
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        found = await self._tasks.open_or_proved()
        if not found:
            return None
        late = {one.id for one in found if self._tasks.is_overdue(one, now)}
        lines = [
            Line(self._rendering.say("slack/home_recurring", task=one, is_overdue=one.id in late), _done_button(one))
            for one in found
        ]
        due = sum(one.is_open for one in found)
        headline = self._rendering.say("slack/home_headline", part="recurring", count=due, ill=len(late))
        return limited(headline, lines, MOST)


class ReadinessPart:
    def __init__(self, db: Database, runbook: Runbook, rendering: Rendering) -> None:
        self._db = db
        self._runbook = runbook
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        async with self._db.transaction() as conn:
            found = await home.rehearsed(conn)
        people = sorted(self._runbook.people, key=lambda key: (key in found.tested, found.tested.get(key)))
        facts = {"rehearsed": found, "people": people, "has_backups": bool(self._runbook.backups)}
        return Section(self._rendering.say("slack/home_readiness", **facts))


def _done_button(task: Occurrence) -> Button | None:
    return Button("Done", f"recurring.done#{task.id}", str(task.id)) if task.is_open else None


def _button(window: Window) -> Button:
    """The window's next action: begin or end it."""
    value = str(window.id)
    if window.state == "planned":
        return Button("Begin now", f"maintenance.begin#{value}", value, confirm=f"Begin {window.ref} now?")
    return Button("Done", f"maintenance.done#{value}", value)

"""What waits for the viewer: pages, approvals, tasks, checklist items, actions, post-mortems."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.domain.actor import Actor
from bot.rendering import Rendering
from bot.runbook.models import Deed
from bot.services.home.parts import Line, Section, Viewer, limited
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.members import Members
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.home import home
from bot.store.home.home import Waiting

MOST = 25
CONFIRM_LENGTH = 280


class WaitingPart:
    def __init__(
        self, db: Database, people: People, permissions: Permissions, members: Members, rendering: Rendering
    ) -> None:
        self._db = db
        self._people = people
        self._permissions = permissions
        self._members = members
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        async with self._db.transaction() as conn:
            found = await home.waiting(conn, viewer.names, now, MOST + 1)
            known = {**found.incidents, **{one.id: one for one in found.unanswered}}
            hidden = {one.id for one in known.values() if await self._members.was_removed(conn, one, viewer.actor.name)}
        lines = [*self._pages(found, hidden), *self._approvals(found, viewer), *self._work(found, hidden)]
        headline = self._say("nothing" if not lines else "waiting", count=len(lines))
        return limited(headline, lines, MOST)

    def _pages(self, found: Waiting, hidden: set[int]) -> Iterator[Line]:
        for one in found.unanswered:
            if one.id not in hidden:
                button = Button("Acknowledge", f"incident.acknowledge#{one.id}", str(one.id), "primary")
                yield Line(self._say("page", incident=one), button)

    def _approvals(self, found: Waiting, viewer: Viewer) -> Iterator[Line]:
        for update in found.updates:
            if self._may(viewer, "audience.approve", Actor(update.author, update.author_account)):
                confirm = f"{update.subject}: {update.text}"[:CONFIRM_LENGTH]
                button = Button("Approve", f"audience.approve#{update.id}", str(update.id), confirm=confirm)
                yield Line(self._say("update", update=update), button)
        for restore in found.restores:
            if self._may(viewer, "backup.restore", Actor(restore.asked_by, restore.asked_account)):
                words = self._say("restore", restore=restore)
                button = Button("Approve", f"backup.approve#{restore.id}", str(restore.id), confirm=words)
                yield Line(words, button)

    def _work(self, found: Waiting, hidden: set[int]) -> Iterator[Line]:
        for task in found.tasks:
            if task.incident_id not in hidden:
                button = Button("Done", f"task.done#{task.id}", str(task.id))
                yield Line(self._say("task", task=task, incident=found.incidents[task.incident_id]), button)
        for box in found.boxes:
            if box.incident_id not in hidden:
                button = Button("Done", f"checklist.done#{box.checklist}.{box.place}", f"{box.checklist} {box.place}")
                yield Line(self._say("box", box=box, incident=found.incidents[box.incident_id]), button)
        for action in found.actions:
            if action.incident_id not in hidden:
                button = Button("Done", f"action.done#{action.id}", str(action.id))
                yield Line(self._say("action", action=action, incident=found.incidents[action.incident_id]), button)
        for one in found.postmortems:
            if one.incident_id not in hidden:
                button = Button("Edit", f"postmortem.edit#{one.incident_id}", str(one.incident_id))
                yield Line(self._say("postmortem", postmortem=one, incident=found.incidents[one.incident_id]), button)

    def _may(self, viewer: Viewer, deed: Deed, asked_by: Actor) -> bool:
        """Whether the viewer may approve this; never what they asked for themselves."""
        if any(self._people.is_one(viewer.actor, name) for name in (asked_by.name,)):
            return False
        permitted = self._permissions.others(deed, asked_by)
        return permitted is None or any(self._people.is_one(viewer.actor, who) for who in permitted)

    def _say(self, what: str, **facts: Any) -> str:
        return self._rendering.say("slack/home_waiting", what=what, **facts)

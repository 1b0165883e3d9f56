"""Open incidents, the most urgent first."""

from datetime import datetime

from bot.domain.incidents.incident import Incident, by_urgency
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.home.parts import Line, Section, Viewer, limited
from bot.services.rooms.members import Members
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.incidents import incidents

MOST = 10


class OpenIncidentsPart:
    def __init__(self, db: Database, runbook: Runbook, members: Members, rendering: Rendering) -> None:
        self._db = db
        self._runbook = runbook
        self._members = members
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section:
        async with self._db.statement() as conn:
            found = by_urgency(await incidents.open_ones(conn), self._runbook.severity_ids)
        lines = []
        for one in found[:MOST]:
            lets_in = await self._members.lets_in(one, viewer.actor.name, is_in_room=False)
            words = self._rendering.say("slack/home_incident", incident=one, lets_in=lets_in)
            lines.append(Line(words, _button(one, viewer) if lets_in else None))
        begin = (
            Button("Declare", "incident.declare", style="danger"),
            Button("Open incidents", "incident.list", "open"),
            Button("Who is on call", "escalate.oncall"),
            Button("Help", "incident.help"),
        )
        shown = limited(self._rendering.say("slack/panel", count=len(found)), lines, MOST, begin)
        return Section(shown.headline, shown.lines, shown.buttons, max(len(found) - MOST, 0))


def _button(one: Incident, viewer: Viewer) -> Button:
    """Update for people who work on the incident and so are in its channel; Join for everybody else."""
    value = str(one.id)
    if any(who in viewer.names for who in (one.acknowledged_by, *one.roles.values())):
        return Button(f"Update {one.ref}", f"incident.update#{value}", value)
    return Button(f"Join {one.ref}", f"incident.join#{value}", value)

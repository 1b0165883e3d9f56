"""The card of a post-mortem in its incident's room."""

from collections.abc import Mapping
from typing import Any

from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import WRITING, Postmortem
from bot.domain.postmortems.sections import unwritten
from bot.rendering import Rendering
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.slack.blocks import Button, message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.postmortems import actions, postmortems

NOTHING_WRITTEN = "Nobody has written anything in it yet. Mark it as done all the same?"


class PostmortemCards:
    """Paints the cards `postmortem:<incident id>`."""

    def __init__(self, cards: Cards, rendering: Rendering) -> None:
        self._rendering = rendering
        cards.painted_by("postmortem", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        incident = await incidents.get(conn, int(subject))
        postmortem = await postmortems.get(conn, incident.id)
        if postmortem is None or incident.room_lost:
            return None
        words = self._rendering.say("slack/postmortem", **await facts(conn, incident, postmortem))
        return await in_room(conn, incident, message(words, buttons(postmortem)))


async def facts(conn: Connection, incident: Incident, postmortem: Postmortem) -> Mapping[str, Any]:
    """The variables of its card's template."""
    written = await postmortems.version(conn, incident.id, postmortem.version)
    # The incident's own summary and impact count until somebody writes better ones.
    said = {"summary": incident.summary or "", "impact": incident.impact or ""}
    own = {name: text for name, text in written.sections.items() if text} if written else {}
    missing = unwritten({**said, **own})
    given = await actions.of_incident(conn, incident.id)
    return {
        "incident": incident,
        "postmortem": postmortem,
        "written": written,
        "missing": missing,
        "actions": given,
    }


def buttons(postmortem: Postmortem) -> list[Button]:
    """The buttons for its state."""
    value = str(postmortem.incident_id)
    if postmortem.withdrawn_at is not None:
        return []
    more = [Button("Add action", "action.new", value), Button("As a file", "postmortem.file", value)]
    more.append(Button("As a canvas", "postmortem.canvas", value))
    if postmortem.state == "waived":
        return [Button("Write one after all", "postmortem.begin", value)]
    if postmortem.state == "done":
        return more
    shown = [Button("Edit", "postmortem.edit", value, "primary")]
    if postmortem.state in WRITING:
        shown += [Button("Schedule", "postmortem.schedule", value), Button("Send for review", "postmortem.send", value)]
    if postmortem.state != "owed":
        question = None if postmortem.version or postmortem.link else NOTHING_WRITTEN
        shown.append(Button("Mark as done", "postmortem.done", value, confirm=question))
    return [*shown, *more, Button("Waive", "postmortem.waive", value)]

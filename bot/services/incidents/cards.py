"""The cards of an incident: in its room and in the channel where it is announced."""

from bot.domain.tasks.task import by_owner
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.page_cards import acknowledge, escalate
from bot.services.paging.standings import IncidentStanding, Standings
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import no_room_yet
from bot.services.rooms.rooms import Rooms
from bot.slack.blocks import Button, Message, message
from bot.slack.gateway import Posted
from bot.store.incidents import watches
from bot.store.pipelined import Connection
from bot.store.tasks import tasks


class IncidentCards:
    """Paints `incident:<id>` and `announcement:<id>`."""

    def __init__(
        self,
        runbook: Runbook,
        channels: Channels,
        rooms: Rooms,
        standings: Standings,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._runbook = runbook
        self._channels = channels
        self._rooms = rooms
        self._standings = standings
        self._rendering = rendering
        cards.painted_by("incident", self.paint_incident, self._begin)
        cards.painted_by("announcement", self.paint_announcement)

    async def paint_incident(self, conn: Connection, subject: str) -> Painted | None:
        standing = await self._standings.get(conn, int(subject))
        if standing.incident.room_lost:
            return None
        shown = await self._shown(conn, standing)
        return Painted(standing.incident.room_id, shown, no_room_yet(standing.incident.id))

    async def _shown(self, conn: Connection, standing: IncidentStanding) -> Message:
        owners = by_owner(await tasks.of_incident(conn, standing.incident.id))
        watch = await watches.get(conn, standing.incident.id) if standing.incident.resolved_at else None
        facts = {"owners": owners, "watch": watch, **self._standings.facts(standing)}
        words = self._rendering.say("slack/incident_card", **facts)
        return message(words, card_buttons(standing))

    async def paint_announcement(self, conn: Connection, subject: str) -> Painted | None:
        standing = await self._standings.get(conn, int(subject))
        incident = standing.incident
        words = self._rendering.say("slack/announcement", **self._standings.facts(standing))
        join = [Button("Join", "incident.join", str(incident.id), "primary")] if incident.is_open else []
        channel = await self._channels.find(conn, self._runbook.channels.incidents)
        return Painted(channel, message(words, join))

    async def _begin(self, conn: Connection, subject: str, posted: Posted) -> None:
        await self._rooms.begin(conn, int(subject), posted)


def card_buttons(standing: IncidentStanding) -> list[Button]:
    incident = standing.incident
    if not incident.is_open:
        return []
    value = str(incident.id)
    buttons = [] if incident.is_acknowledged else [acknowledge(incident)]
    if not incident.lead:
        buttons.append(Button("I'll lead", "incident.lead", value))
    buttons.append(Button("Post update", "incident.update", value))
    buttons.append(escalate(standing))
    return [*buttons, Button("Resolve", "incident.resolve", value, "danger")]

"""An action in its incident's room: one message edited in place, and reminders."""

from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import Action
from bot.rendering import Rendering
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.prompts import Prompts
from bot.services.rooms.rooms import Rooms
from bot.slack.blocks import Button, message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.postmortems import actions, postmortems


class ActionCards:
    """Paints the cards `action:<id>`."""

    def __init__(self, rooms: Rooms, cards: Cards, prompts: Prompts, rendering: Rendering) -> None:
        self._rooms = rooms
        self._cards = cards
        self._prompts = prompts
        self._rendering = rendering
        cards.painted_by("action", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        action = await actions.get(conn, int(subject))
        incident = await incidents.get(conn, action.incident_id)
        if incident.room_lost:
            return None
        words = self._rendering.say("slack/action", incident=incident, action=action)
        return await in_room(conn, incident, message(words, buttons(action)))

    async def show(self, conn: Connection, incident: Incident, action: Action, change: str, actor: Actor) -> None:
        """Update the action's and the post-mortem's card; invite a new owner, and notify them of a hand-over."""
        await self._prompts.answered(conn, incident.id, f"action {action.id}")
        await self._cards.touch(conn, f"action:{action.id}", incident=incident.id)
        if await postmortems.get(conn, incident.id):
            await self._cards.touch(conn, f"postmortem:{incident.id}", incident=incident.id)
        if change in ("given", "handed") and not incident.private:
            await self._rooms.invite(conn, incident, [action.owner])
        if change == "handed":
            facts = {"action": action, "incident": incident, "actor": actor.name}
            await self._prompts.ask(conn, incident, f"action {action.id}", "action_handed", buttons(action), **facts)

    async def remind(self, conn: Connection, incident: Incident, action: Action, late: bool) -> None:
        facts = {"action": action, "incident": incident, "late": late}
        await self._prompts.ask(conn, incident, f"action {action.id}", "action_due", buttons(action), **facts)

    def entry(self, action: Action, change: str) -> str:
        return self._rendering.say("documents/action_entry", action=action, change=change)


def buttons(action: Action) -> list[Button]:
    if not action.is_open:
        return []
    value = str(action.id)
    return [
        Button("Done", "action.done", value, "primary"),
        Button("More time", "action.longer", value),
        Button("Hand over", "action.hand", value),
    ]

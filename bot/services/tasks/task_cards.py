"""A task in its incident's room: one message edited in place, and a question when its time is up."""

from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.tasks.task import Task
from bot.rendering import Rendering
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.prompts import Prompts
from bot.services.rooms.rooms import Rooms
from bot.slack.blocks import Button, message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.tasks import tasks


class TaskCards:
    """Paints the cards `task:<id>`."""

    def __init__(self, rooms: Rooms, cards: Cards, prompts: Prompts, rendering: Rendering) -> None:
        self._rooms = rooms
        self._cards = cards
        self._prompts = prompts
        self._rendering = rendering
        cards.painted_by("task", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        task = await tasks.get(conn, int(subject))
        incident = await incidents.get(conn, task.incident_id)
        if incident.room_lost:
            return None
        mark = self._rendering.say("slack/_drill", incident=incident)
        words = f"{mark} {self._rendering.say('slack/task', task=task)}".lstrip()
        return await in_room(conn, incident, message(words, buttons(task)))

    async def show(self, conn: Connection, incident: Incident, task: Task, change: str, actor: Actor) -> None:
        """Update the task's and the incident's card; invite a new owner to the room, and notify them of a hand-over."""
        await self._prompts.answered(conn, incident.id, f"task {task.id}")
        await self._cards.touch(conn, f"task:{task.id}", incident=incident.id)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        if change in ("given", "handed") and not incident.private:
            await self._rooms.invite(conn, incident, [task.owner])
        if change == "handed":
            facts = {"task": task, "incident": incident, "actor": actor.name}
            await self._prompts.ask(conn, incident, f"task {task.id}", "task_handed", buttons(task), **facts)

    async def ask(self, conn: Connection, incident: Incident, task: Task) -> None:
        await self._prompts.ask(conn, incident, f"task {task.id}", "task_due", buttons(task), task=task)

    def entry(self, task: Task, change: str) -> str:
        return self._rendering.say("documents/task_entry", task=task, change=change)


def buttons(task: Task) -> list[Button]:
    if not task.is_open:
        return []
    value = str(task.id)
    longer = [Button("More time", "task.longer", value)] if task.due_at else []
    return [Button("Done", "task.done", value, "primary"), *longer, Button("Hand over", "task.hand", value)]

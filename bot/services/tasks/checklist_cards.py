"""A checklist in its incident's room: one message with its boxes, and reminders of what is due."""

from bot.domain.incidents.incident import Incident
from bot.domain.tasks.checklist import WAIVABLE, Checklist, Item
from bot.rendering import Rendering
from bot.services.people.people import People
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.posts import Posts
from bot.services.rooms.prompts import Prompts
from bot.slack.blocks import Box, Button, Message, message
from bot.slack.blocks import checklist as boxes_of
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.tasks import checklists


class ChecklistCards:
    """Paints the cards `checklist:<id>`."""

    def __init__(self, people: People, cards: Cards, posts: Posts, prompts: Prompts, rendering: Rendering) -> None:
        self._people = people
        self._cards = cards
        self._posts = posts
        self._prompts = prompts
        self._rendering = rendering
        cards.painted_by("checklist", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        checklist = await checklists.get(conn, int(subject))
        incident = await incidents.get(conn, checklist.incident_id)
        if incident.room_lost:
            return None
        return await in_room(conn, incident, self.shown(incident, checklist))

    def shown(self, incident: Incident, checklist: Checklist) -> Message:
        facts = {"incident": incident, "checklist": checklist}
        words = self._rendering.say("slack/checklist", **facts)
        if checklist.closed_at:
            return message(words)
        open_items = checklist.open_items
        following = None
        if open_items:
            words_of_next = self._rendering.say("slack/checklist_next", item=open_items[0])
            value = f"{checklist.id} {open_items[0].place}"
            following = (words_of_next, Button("Done", "checklist.done", value))
        return boxes_of(words, [self._box(checklist, one) for one in checklist.items], following, buttons(checklist))

    async def show(self, conn: Connection, checklist: Checklist) -> None:
        """Update its card, if posted, and close the prompts that it answers."""
        done = [_about(checklist, one) for one in checklist.items if not (checklist.is_asked_about and one.is_open)]
        await self._prompts.answered(conn, checklist.incident_id, *done)
        if checklist.posted_at:
            await self._cards.touch(conn, f"checklist:{checklist.id}", incident=checklist.incident_id)

    async def remind(self, conn: Connection, incident: Incident, checklist: Checklist, item: Item) -> None:
        """Ask in the room; the second time, message the lead alone."""
        facts = {"incident": incident, "checklist": checklist, "item": item}
        if item.asked:
            await self._posts.to_lead(conn, incident, "checklist_late", **facts)
        else:
            done = Button("Done", "checklist.done", f"{checklist.id} {item.place}", "primary")
            await self._prompts.ask(conn, incident, _about(checklist, item), "checklist_due", [done], **facts)

    def entry(self, checklist: Checklist, change: str, item: Item | None) -> str:
        return self._rendering.say("documents/checklist_entry", checklist=checklist, change=change, item=item)

    def _box(self, checklist: Checklist, item: Item) -> Box:
        note = self._rendering.say(
            "documents/checklist_note", item=item, who=self._people.known_name(item.done_by) if item.done_by else ""
        )
        return Box(item.what, "checklist.tick", f"{checklist.id} {item.place}", not item.is_open, note.strip())


def _about(checklist: Checklist, item: Item) -> str:
    return f"box {checklist.id}.{item.place}"


def buttons(checklist: Checklist) -> list[Button]:
    """Buttons for verification and aftercare that still have open boxes; none for triage."""
    if checklist.name not in WAIVABLE or not checklist.posted_at or not checklist.is_asked_about:
        return []
    value = str(checklist.id)
    if checklist.name == "aftercare":
        return [Button("Leave undone", "checklist.waive", value)]
    return [
        Button("Resolved anyway", "checklist.waive", value),
        Button("Reopen", "checklist.reopen", value, "danger"),
    ]

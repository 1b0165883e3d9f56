"""Questions with fixed wording: the buttons go away once one is answered or asked again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.domain.incidents.incident import Incident
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.deeds import Moment
from bot.services.rooms.posts import Posts
from bot.slack.blocks import Button, Message, message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.rooms import cards as places
from bot.store.rooms import prompts

# Kinds of questions that each moment closes; the end has questions of its own.
ENDED_BY: Mapping[Moment, Sequence[str]] = {
    "acknowledged": ("ladder",),
    "resolved": ("ladder", "procedure", "task", "update"),
    "reopened": ("end",),
}


class Prompts:
    """Paints `prompt:<number>`. `about` names what would answer it, kind first: `task 7`.

    Both asking and answering require the incident to be locked.
    """

    def __init__(self, cards: Cards, posts: Posts) -> None:
        self._cards = cards
        self._posts = posts
        cards.painted_by("prompt", self.paint)

    async def ask(
        self, conn: Connection, room_of: Incident, about: str, template: str, buttons: Sequence[Button], **facts: object
    ) -> None:
        """Ask, closing the same question asked before. The template also gets `asks`: are the buttons there?"""
        await self.answered(conn, room_of.id, about)
        asking = message(self._posts.marked(room_of, template, {**facts, "asks": True}), buttons)
        answered = message(self._posts.marked(room_of, template, {**facts, "asks": False}))
        number = await prompts.insert(conn, room_of.id, about, _kept(asking), _kept(answered))
        await self._show(conn, room_of.id, [number])

    async def answered(self, conn: Connection, incident_id: int, *about: str) -> None:
        await self._show(conn, incident_id, await prompts.close(conn, incident_id, about))

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if kinds := ENDED_BY.get(moment):
            await self._show(conn, incident.id, await prompts.close_kinds(conn, incident.id, kinds))

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        """None for a question answered before it was posted."""
        prompt = await prompts.get(conn, int(subject))
        if not prompt.is_open and await places.get(conn, f"prompt:{subject}") is None:
            return None
        incident = await incidents.get(conn, prompt.incident_id)
        shown = prompt.asking if prompt.is_open else prompt.answered
        return await in_room(conn, incident, Message(shown["text"], shown["blocks"]))

    async def _show(self, conn: Connection, incident_id: int, numbers: Iterable[int]) -> None:
        for number in numbers:
            await self._cards.touch(conn, f"prompt:{number}", incident=incident_id)


def _kept(said: Message) -> Mapping[str, Any]:
    return {"text": said.text, "blocks": list(said.blocks)}

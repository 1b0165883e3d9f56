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
from bot.store.rooms import prompts

# Kinds that close when the incident ends, which has questions of its own.
OF_OPEN_INCIDENTS = ("update", "task")


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
        """Ask, closing the same question asked before. In a closed room it becomes an ordinary message, which keeps its
        buttons."""
        await self.answered(conn, room_of.id, about)
        if room_of.room_closed or room_of.room_lost:
            await self._posts.ask_in_room(conn, room_of, template, buttons, **facts)
            return
        words = self._posts.marked(room_of, template, facts)
        number = await prompts.insert(conn, room_of.id, about, _kept(words, buttons), _kept(words, ()))
        await self._show(conn, room_of.id, [number])

    async def answered(self, conn: Connection, incident_id: int, *about: str) -> None:
        await self._show(conn, incident_id, await prompts.close(conn, incident_id, about))

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment == "resolved":
            await self._show(conn, incident.id, await prompts.close_kinds(conn, incident.id, OF_OPEN_INCIDENTS))

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        prompt = await prompts.get(conn, int(subject))
        incident = await incidents.get(conn, prompt.incident_id)
        shown = prompt.asking if prompt.is_open else prompt.answered
        return None if incident.room_lost else await in_room(conn, incident, Message(shown["text"], shown["blocks"]))

    async def _show(self, conn: Connection, incident_id: int, numbers: Iterable[int]) -> None:
        for number in numbers:
            await self._cards.touch(conn, f"prompt:{number}", incident=incident_id)


def _kept(words: str, buttons: Sequence[Button]) -> Mapping[str, Any]:
    said = message(words, buttons)
    return {"text": said.text, "blocks": list(said.blocks)}

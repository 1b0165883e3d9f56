"""Planned work in the incidents channel: a card, a question at its planned end, and posts."""

from bot.domain.maintenance.window import Window
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import Button, message
from bot.store.alerts import silences
from bot.store.maintenance import maintenance
from bot.store.pipelined import Connection
from bot.store.updates import updates


class WindowCards:
    """Paints the cards `maintenance:<id>`, and `maintenance_end:<id>.<asked at>`: the question whether it is done."""

    def __init__(
        self, runbook: Runbook, channels: Channels, cards: Cards, posts: Posts, rendering: Rendering
    ) -> None:  # fmt: skip
        self._runbook = runbook
        self._channels = channels
        self._cards = cards
        self._posts = posts
        self._rendering = rendering
        cards.painted_by("maintenance", self.paint)
        cards.painted_by("maintenance_end", self.paint_question)

    async def show(self, conn: Connection, window: Window) -> None:
        await self._cards.touch(conn, f"maintenance:{window.id}")

    async def ask(self, conn: Connection, window: Window) -> None:
        """Ask whether it is done, or show that this was answered. `window`: as of the question."""
        if window.asked_at:
            await self._cards.touch(conn, f"maintenance_end:{window.id}.{window.asked_at.timestamp():.0f}")

    async def post(self, conn: Connection, window: Window, moment: str, who: str) -> None:
        """Post a transition, once; at the end with the verification checklist."""
        if channel := await self._channel(conn):
            items = self._runbook.checklists.verification if moment == "done" else ()
            facts = {"window": window, "moment": moment, "who": who, "items": [one.do for one in items]}
            await self._posts.in_channel(conn, channel, message(self._rendering.say("slack/maintenance_post", **facts)))

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        window = await maintenance.get(conn, int(subject))
        silence = await silences.get(conn, window.silence_id) if window.silence_id else None
        told = [(one, await updates.deliveries(conn, one.id)) for one in await updates.of_planned(conn, window.id)]
        words = self._rendering.say("slack/maintenance", window=window, silence=silence, told=told)
        return Painted(await self._channel(conn), message(words, buttons(window)))

    async def paint_question(self, conn: Connection, subject: str) -> Painted | None:
        number, _, asked_at = subject.partition(".")
        window = await maintenance.get(conn, int(number))
        is_open = bool(window.is_asked and window.asked_at and f"{window.asked_at.timestamp():.0f}" == asked_at)
        words = self._rendering.say("slack/maintenance_end", window=window, is_open=is_open)
        return Painted(await self._channel(conn), message(words, end_buttons(window) if is_open else []))

    async def _channel(self, conn: Connection) -> str | None:
        return await self._channels.find(conn, self._runbook.channels.incidents)


def buttons(window: Window) -> list[Button]:
    """The buttons for its state."""
    value = str(window.id)
    if window.state == "planned":
        return [
            Button("Begin now", "maintenance.begin", value, confirm=f"Begin {window.ref} now?"),
            Button("Move", "maintenance.move", value),
            Button("Cancel", "maintenance.cancel", value),
        ]
    return end_buttons(window)[:2] if window.state == "under_way" else []


def end_buttons(window: Window) -> list[Button]:
    """Buttons at its end. Extend carries the end shown, so that a second press doesn't extend it again."""
    ends = f"{window.ends_at.timestamp():.0f}"
    return [
        Button("Done", "maintenance.done", str(window.id), "primary"),
        Button("Extend 30 min", "maintenance.extend#30", f"{window.id} 30 {ends}"),
        Button("Extend 1 h", "maintenance.extend#60", f"{window.id} 60 {ends}"),
    ]

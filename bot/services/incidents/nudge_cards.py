"""The card of a nudge: the question while open, then its answer without buttons."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.nudge import NudgeKind, is_lacking
from bot.rendering import Rendering
from bot.services.incidents.nudges import buttons_of
from bot.services.rooms.asks import is_asked_again, show_the_one_before
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.slack.blocks import message
from bot.slack.gateway import Posted
from bot.store.incidents import inactivity, incidents
from bot.store.pipelined import Connection
from bot.store.rooms import cards as places


class NudgeCards:
    """Paints `nudge:<incident>.<kind>.<number>`."""

    def __init__(self, clock: Clock, cards: Cards, rendering: Rendering) -> None:
        self._clock = clock
        self._rendering = rendering
        self._cards = cards
        cards.painted_by("nudge", self.paint, self._placed)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        number, word, _ = subject.split(".")
        incident, kind = await incidents.get(conn, int(number)), cast(NudgeKind, word)
        place = await places.get(conn, f"nudge:{subject}")
        asked_at = datetime.fromtimestamp(int(float(place.ts)), UTC) if place else self._clock.now()
        heard_at = min(await inactivity.heard_at(conn, incident.id) or incident.declared_at, self._clock.now())
        is_answered = not incident.is_open or not is_lacking(kind, incident)
        is_answered = is_answered or (kind == "word" and place is not None and heard_at >= asked_at)
        if is_answered and place is None:
            return None
        facts = {"incident": incident, "kind": kind, "heard_at": heard_at, "now": asked_at}
        words = self._say(incident, "nudge_answered" if is_answered else "nudge", facts)
        is_open = not is_answered and not await is_asked_again(conn, f"nudge:{subject}")
        return await in_room(conn, incident, message(words, buttons_of(incident, kind) if is_open else ()))

    async def _placed(self, conn: Connection, subject: str, posted: Posted) -> None:
        await show_the_one_before(self._cards, conn, f"nudge:{subject}", int(subject.partition(".")[0]))

    def _say(self, incident: Incident, template: str, facts: Mapping[str, object]) -> str:
        mark = self._rendering.say("slack/_drill", incident=incident)
        return f"{mark} {self._rendering.say(f'slack/{template}', **facts)}".lstrip()

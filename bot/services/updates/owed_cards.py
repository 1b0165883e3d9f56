"""The card of updates nobody has sent yet: whom to tell, until they are told."""

from bot.domain.updates.update import is_of_another_severity, is_owed
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import NotYet
from bot.services.rooms.asks import is_asked_again, show_the_one_before
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.updates.reminders import tell_button
from bot.slack.blocks import message
from bot.slack.gateway import Posted
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.rooms import cards as places
from bot.store.updates import updates


class OwedCards:
    """Paints `owed:<incident>.<number>`."""

    def __init__(self, runbook: Runbook, cards: Cards, rendering: Rendering) -> None:
        self._runbook = runbook
        self._cards = cards
        self._rendering = rendering
        cards.painted_by("owed", self.paint, self._placed)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        incident, card = await incidents.get(conn, int(subject.partition(".")[0])), f"owed:{subject}"
        told, in_hand = await updates.last_told(conn, incident.id), await updates.in_hand(conn, incident.id)
        received, stands = await updates.last_received(conn, incident.id), await places.get(conn, card) is not None
        open_here = [key for key in self._runbook.audiences if key in told and key not in in_hand]
        known = {key: told[key] for key in open_here if key in received}
        owed = [key for key, last in known.items() if is_owed(incident, last)]
        graver = [key for key, last in known.items() if incident.is_open and is_of_another_severity(incident, last)]
        audiences = owed or graver
        if not audiences and not stands and len(known) == len(open_here):
            return None
        facts = {"incident": incident, "audiences": audiences, "severity": not owed, "in_hand": sorted(in_hand)}
        if not audiences and not stands:
            # Until the updates in flight have settled, it is unknown whether anybody has to be told.
            return Painted(None, message(""), NotYet("what they would know of it is still on its way"))
        words = self._rendering.say("slack/owed" if audiences else "slack/owed_over", **facts)
        offered = [] if await is_asked_again(conn, card) else audiences
        return await in_room(conn, incident, message(words, [tell_button(incident, key) for key in offered]))

    async def _placed(self, conn: Connection, subject: str, posted: Posted) -> None:
        await show_the_one_before(self._cards, conn, f"owed:{subject}", int(subject.partition(".")[0]))

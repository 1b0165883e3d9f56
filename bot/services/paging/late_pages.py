"""Pages that Slack posted long after the request, when the page had already been refused, given up or cancelled."""

from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.paging.outcomes import PageOutcomes
from bot.services.paging.sending import Departures
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection


class LatePages(DeliveryKind[str]):
    """Deliveries of kind `page_look`: a message found in the conversation counts as sent, and follows its incident."""

    stands_in_line = True

    def __init__(self, departures: Departures, outcomes: PageOutcomes) -> None:
        self._departures = departures
        self._outcomes = outcomes

    async def send(self, delivery: Delivery) -> str:
        """The message's reference."""
        found = await self._departures.late(delivery.payload["page"])
        if found is None:
            raise NoLongerWanted("nothing of it stands anywhere")
        return found

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        if outcome.state == "sent" and outcome.returned:
            await self._outcomes.came_late(conn, delivery, delivery.payload["page"], outcome.returned)

"""Questions to a room: each is a card whose buttons go away once it is answered or asked again below."""

from collections.abc import Sequence

from bot.services.rooms.cards import Cards
from bot.store.pipelined import Connection
from bot.store.rooms import cards as places

# How often one question is asked anew; after that its last card is edited.
MOST = 20


class Asks:
    """Cards `<key>.<number>`, numbered from 0. The asking service also paints them."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards

    async def ask(self, conn: Connection, incident_id: int, key: str) -> None:
        number = 1 + max((number_of(one) for one in await standing(conn, [key])), default=-1)
        await self._cards.touch(conn, f"{key}.{min(number, MOST - 1)}", incident=incident_id)

    async def show(self, conn: Connection, incident_id: int, keys: Sequence[str]) -> None:
        """Repaint these questions: they may have been answered."""
        for one in await standing(conn, keys):
            await self._cards.touch(conn, one, incident=incident_id)


async def show_the_one_before(cards: Cards, conn: Connection, card: str, incident_id: int) -> None:
    """Repaint the question before this one, which takes over its buttons."""
    key, number = card.rpartition(".")[0], number_of(card)
    if number:
        await cards.touch(conn, f"{key}.{number - 1}", incident=incident_id)


async def standing(conn: Connection, keys: Sequence[str]) -> Sequence[str]:
    """Cards of these keys that have been posted."""
    return await places.standing(conn, [f"{key}.{number}" for key in keys for number in range(MOST)])


async def is_asked_again(conn: Connection, card: str) -> bool:
    """Whether the question has been posted again below this card."""
    key = card.rpartition(".")[0]
    return any(number_of(one) > number_of(card) for one in await standing(conn, [key]))


def number_of(card: str) -> int:
    return int(card.rpartition(".")[2])

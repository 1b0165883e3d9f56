"""Wakes waiting deliveries in a transaction after the one that created what they wait for."""

from bot.services.outbox.kinds import DeliveryKind
from bot.services.outbox.outbox import Outbox
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery


class Waking(DeliveryKind[None]):
    """Sends deliveries of kind `wake`, which `Outbox.wake_after` queues."""

    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox

    async def send(self, delivery: Delivery) -> None:
        async with self._db.transaction() as conn:
            await self._outbox.wake(conn, delivery.payload["kinds"], delivery.payload["waiting"])

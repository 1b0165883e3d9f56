"""Finds the key under which to page through a service: that of the incident's alert that nobody has answered yet."""

from bot.domain.errors import Unreachable
from bot.domain.paging.page import Page
from bot.domain.paging.provider_alert import OURS, alert_key
from bot.store.database import Database
from bot.store.paging import provider_alerts

# Retries of a lost race: an answer closes the alert and another page opens the next between two looks. Once is rare.
LOOKS = 3


class ProviderAlerts:
    """Asked before each attempt. An alert recorded here gets closed later even if we never hear that it was opened."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, page: Page, first: str) -> str:
        """The key of the incident's open alert, opening one if there is none; `first` is the key of its first alert.

        Raises Unreachable when the page has been answered meanwhile and must not be sent.
        """
        async with self._db.statement() as conn:
            for _ in range(LOOKS):
                alerts = await provider_alerts.of_incident(conn, page.incident_id, page.via)
                if alerts and alerts[-1].state == "open":
                    return alerts[-1].key
                number = alerts[-1].number + 1 if alerts else 1
                key = alert_key(first, number)
                if await provider_alerts.open_one(conn, page.id, number=number, key=key):
                    return key
        raise Unreachable("it was answered before it was sent")

    async def is_ours(self, key: str) -> bool:
        """Whether a page of this installation opened the alert with this key."""
        if not key.startswith(OURS):
            return False
        async with self._db.statement() as conn:
            return await provider_alerts.is_known(conn, key)

"""Knows by which key a page through a service is sent: that of an alert which nobody has answered."""

from bot.domain.errors import Unreachable
from bot.domain.paging.page import Page
from bot.domain.paging.provider_alert import OURS, alert_key
from bot.store.database import Database
from bot.store.paging import provider_alerts

# Somebody answers, and another page opens the next one, between two looks: seldom once, and never so often.
LOOKS = 3


class ProviderAlerts:
    """Asked before each attempt. What is written down here is closed later, even if nobody hears that it was opened."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, page: Page, first: str) -> str:
        """The key of the incident's open alert, which is opened when there is none; `first` is that of its first one.

        Raises Unreachable when the page has been answered meanwhile: then it must not be sent.
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
        """Is it that of an alert which a page of this house has opened?"""
        if not key.startswith(OURS):
            return False
        async with self._db.statement() as conn:
            return await provider_alerts.is_known(conn, key)

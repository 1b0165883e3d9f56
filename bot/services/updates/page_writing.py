"""Writes the files of status pages: on every change, and every few minutes besides."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.updates.status_page import WRITTEN_EVERY
from bot.runbook import Runbook
from bot.services.outbox.kinds import UPDATE, DeliveryKind, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.deeds import Moment as Change
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.updates import status_pages

# Changes after which a page may be wrong even if its readers have been sent nothing.
TURNS: tuple[Change, ...] = ("resolved", "reopened")
NOWHERE = "tocsin.invalid"


class PageWriting(DeliveryKind[str], DueByRows):
    """Deliveries of kind `status_page`, one per page at a time. `write`: writes the files of an audience's page."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, outbox: Outbox, write: Callable[[str], Awaitable[str]]
    ) -> None:
        self._db = db
        self._clock = clock
        self._pages = {key: one.page for key, one in runbook.audiences.items() if one.page}
        self._outbox = outbox
        self._write = write

    async def watch(self, public_url: str | None) -> None:
        """At start-up, track the runbook's pages. Their files are due at once, as they may be old."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await status_pages.rest(conn, self._pages)
            for key, page in self._pages.items():
                feed = new_feed(public_url, now)
                await status_pages.keep(conn, key, feed, now=now, is_written=page.to is not None)

    async def follow(self, conn: Connection, incident: Incident, change: Change) -> None:
        if self._pages and change in TURNS:
            await status_pages.make_due(conn, self._clock.now())

    async def take_due(self) -> int:
        """Put pages that are due into the outbox; returns how many."""
        async with self._db.transaction() as conn:
            now = self._clock.now()
            # Locks the outbox first, as recording an outcome does. A concurrent process adds no duplicate, because of
            # the key.
            due = await status_pages.due(conn, now, WRITTEN_EVERY)
            for key in due:
                payload, waits_as = {"audience": key}, f"status page {key}"
                await self._outbox.put(
                    conn, "status_page", payload, priority=UPDATE, key=waits_as, lane=waits_as, way="page"
                )
            await status_pages.put_off(conn, due, now, WRITTEN_EVERY)
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return status_pages.due_rows()

    async def send(self, delivery: Delivery) -> str:
        return await self._write(delivery.payload["audience"])

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        written_at = self._clock.now() if outcome.state == "sent" else None
        await status_pages.note(conn, delivery.payload["audience"], written_at=written_at, error=outcome.error)


def new_feed(public_url: str | None, now: datetime) -> str:
    """A tag URI (RFC 4151): its owner, the date, and a unique name."""
    host = urlsplit(public_url).hostname if public_url else None
    # Tag URIs do not allow IPv6 addresses.
    named = host if host and ":" not in host else NOWHERE
    return f"tag:{named},{now:%Y-%m-%d}:{secrets.token_hex(8)}"

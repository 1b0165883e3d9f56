"""Deeds on an alert: one transaction on its group while it fires, with an audit entry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.alerts.alert import GroupStanding, must_be_firing
from bot.domain.errors import NotFound
from bot.store import audit
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.pipelined import Connection


class AlertDeeds:
    """The frame of everything people do to an alert."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    @asynccontextmanager
    async def on(
        self, actor: Actor, group_id: int, deed: str
    ) -> AsyncIterator[tuple[Connection, GroupStanding, datetime]]:
        """The transaction, the group as it is now and locked, and the time. Raises NotFound, or AlreadyDone when it is
        over."""
        async with self._db.transaction() as conn:
            standing = await alerts.lock(conn, group_id)
            now = self._clock.now()
            if standing is None:
                raise NotFound("This alert no longer exists.")
            must_be_firing(standing.group, deed)
            yield conn, standing, now
            await audit.write(conn, actor=actor.name, deed=f"alert.{deed}", subject=f"alert {group_id}", at=now)

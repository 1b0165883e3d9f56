"""Does this process still know the schema? A newer version may migrate it while this one is running."""

import logging

from bot.domain.errors import Failed, Unreachable
from bot.services.outbox.duty import Duty
from bot.store import migrations
from bot.store.database import Database

log = logging.getLogger(__name__)


class Outdated(Unreachable):
    """This process is too old for the database; a newer one is taking its place."""


class Schema:
    """Checked every second, and at once after a migration.

    A process that finds an unknown migration claims nothing more: what it would do may not be what the newer version
    means. It finishes what it has in hand, and stores what Slack sends for a newer process to work on.
    """

    def __init__(self, db: Database, duty: Duty) -> None:
        self._db = db
        self._duty = duty
        self._newer: str | None = None

    @property
    def is_known(self) -> bool:
        return self._newer is None

    @property
    def trouble(self) -> str | None:
        """The text for an operator; None when all is well."""
        if self._newer is None:
            return None
        return f"the database was migrated by a newer Tocsin ({self._newer}): replace this process by that version"

    async def look(self) -> None:
        """If the database doesn't answer, the last result stands. Never raises."""
        try:
            async with self._db.statement() as conn:
                unknown = await migrations.unknown(conn)
        except Failed:
            return
        newer = unknown[-1] if unknown else None
        if newer and newer != self._newer:
            log.error("schema=%s is newer than this version of Tocsin: it claims nothing more, replace it", newer)
        elif self._newer and not newer:
            log.warning("schema: known again")
        self._newer = newer
        if newer:
            self._duty.suspend("schema")
        else:
            self._duty.resume("schema")

    def must_be_known(self) -> None:
        """Raises Outdated."""
        if self.trouble:
            raise Outdated(self.trouble)

"""Can this process page anybody? Whether the database and Slack answer, and what is missing or behind its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import Failed, RateLimited
from bot.services.channels import Channels
from bot.services.figures import figures
from bot.slack.gateway import Gateway
from bot.store.database import Database

PATIENCE_S = 3.0
# Whoever watches us asks often; Slack is asked at most this often.
SLACK_ASKED_EVERY_S = 2.0


@dataclass(frozen=True)
class Report:
    """`not_ready`: which of `database` and `slack` cannot be used, and why; empty = ready.

    `channels_missing` by name with why, and what is `overdue` and by how much: neither makes the process unready.
    """

    embedded: bool
    not_ready: Mapping[str, str]
    server: str | None = None
    channels_missing: Mapping[str, str] = field(default_factory=dict)
    overdue: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return not self.not_ready


class Readiness:
    """Asks both, side by side, with little patience."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        gateway: Gateway,
        channels: Channels,
        *,
        socket_is_open: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`socket_is_open` None: Slack calls us over HTTP, there is no connection to be lost."""
        self._db = db
        self._clock = clock
        self._gateway = gateway
        self._channels = channels
        self._socket_is_open = socket_is_open
        self._one_at_a_time = asyncio.Lock()
        self._slack_trouble: str | None = None
        self._slack_asked_at_s = float("-inf")

    async def look(self) -> Report:
        (server, overdue, database_trouble), slack_trouble = await asyncio.gather(self._database(), self._slack())
        troubles = {"database": database_trouble, "slack": slack_trouble}
        return Report(
            embedded=self._db.embedded,
            not_ready={part: trouble for part, trouble in troubles.items() if trouble},
            server=server,
            channels_missing=dict(self._channels.missing),
            overdue=overdue,
        )

    async def _database(self) -> tuple[str | None, Mapping[str, timedelta], str | None]:
        """The server's version, what is overdue, and what is wrong."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                server = (await self._db.server_time())["version"]
                return server, (await figures(self._db, self._clock)).overdue, None
        except TimeoutError:
            return None, {}, f"no answer within {PATIENCE_S:.0f} s"
        except Failed as error:
            return None, {}, str(error)

    async def _slack(self) -> str | None:
        """What is wrong, None when nothing is; remembered for a moment."""
        async with self._one_at_a_time:
            if time.monotonic() - self._slack_asked_at_s >= SLACK_ASKED_EVERY_S:
                self._slack_trouble = await self._ask_slack()
                self._slack_asked_at_s = time.monotonic()
        return self._slack_trouble

    async def _ask_slack(self) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._gateway.whoami()
                if self._socket_is_open and not await self._socket_is_open():
                    return "the Socket Mode connection is closed"
        except TimeoutError:
            return f"no answer within {PATIENCE_S:.0f} s"
        except RateLimited:
            # It answers: it only asks for patience.
            return None
        except Failed as error:
            return str(error)
        return None

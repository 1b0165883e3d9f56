"""Can this process page anybody? Do the database and Slack answer, and what is missing or overdue?"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.errors import Failed, RateLimited, Unreachable
from bot.metrics import Figures, LimitedWay
from bot.services.rooms.channels import Channels
from bot.services.upkeep.figures import limited_ways, urgent_figures
from bot.services.upkeep.schema import Schema
from bot.services.upkeep.shared_look import SharedLook
from bot.services.upkeep.timekeeping import ClockStep, Timekeeping
from bot.services.upkeep.watchdog import Watchdog
from bot.slack.gateway import AppRefused, Gateway
from bot.store.database import Database
from bot.wire.timeouts import TimeLimit

TIMEOUT_S = 3.0
READ_ONLY = "the database is read-only: nothing can be recorded and nobody is paged"
# Monitoring asks often; we ask Slack at most this often.
SLACK_ASKED_EVERY_S = 2.0
REFUSED = "Nobody is paged by Slack, and nobody there is heard; every other way is used. Fix the token and restart."


@dataclass(frozen=True)
class ReadinessReport:
    """`not_ready`: which of `database`, `schema`, `slack` and `rounds` fails, and why; empty = ready.

    The rest doesn't make the process unready: `channels_missing`, by name with the reason; what is `overdue`, and by
    how much; which process has what `in_hand`; how many ladders are `armed`; how far this `machine_is_ahead` of the
    database's clock; when and by how much that was set lately (`clock_set`); requests `set_aside`; channels that take
    no messages (`channels_closed`, by name: `archived`, or `left` when the bot is not a member); and ways that are
    `limited`.
    """

    embedded: bool
    not_ready: Mapping[str, str]
    server: str | None = None
    channels_missing: Mapping[str, str] = field(default_factory=dict)
    overdue: Mapping[str, timedelta] = field(default_factory=dict)
    armed: int | None = None
    process: str = ""
    in_hand: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    machine_is_ahead: timedelta = timedelta(0)
    clock_set: ClockStep | None = None
    set_aside: Mapping[str, str] = field(default_factory=dict)
    channels_closed: Mapping[str, str] = field(default_factory=dict)
    limited: Mapping[str, LimitedWay] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return not self.not_ready


class Readiness:
    """Asks the database and Slack concurrently, with a short time-out."""

    def __init__(
        self,
        db: Database,
        timekeeping: Timekeeping,
        gateway: Gateway,
        channels: Channels,
        watchdog: Watchdog,
        schema: Schema,
        *,
        socket_trouble: Callable[[], Awaitable[str | None]] | None = None,
    ) -> None:
        """`socket_trouble` None: Slack calls us over HTTP, so there is no connection to lose."""
        self._db = db
        self._timekeeping = timekeeping
        self._gateway = gateway
        self._channels = channels
        self._watchdog = watchdog
        self._schema = schema
        self._socket_trouble = socket_trouble
        self._time_limit = TimeLimit(TIMEOUT_S)
        self._shared = SharedLook(self._look)
        self._one_at_a_time = asyncio.Lock()
        self._slack_trouble: str | None = None
        self._slack_asked_at_s = float("-inf")

    async def look(self) -> ReadinessReport:
        """The present state; concurrent callers share one look."""
        return await self._shared.see()

    async def _look(self) -> ReadinessReport:
        (server, known, database_trouble), slack_trouble = await asyncio.gather(self._database(), self._slack())
        troubles = {
            "database": database_trouble,
            "schema": self._schema.trouble,
            "slack": slack_trouble,
            "rounds": self._stuck(),
        }
        return ReadinessReport(
            embedded=self._db.embedded,
            not_ready={part: trouble for part, trouble in troubles.items() if trouble},
            server=server,
            channels_missing=dict(self._channels.missing),
            overdue=known.overdue,
            armed=known.escalations_armed if server else None,
            process=self._db.process,
            in_hand=known.in_hand,
            machine_is_ahead=self._timekeeping.machine_ahead,
            clock_set=self._timekeeping.latest_step,
            set_aside=known.set_aside,
            channels_closed=known.closed,
            limited=limited_ways(known, self._gateway),
        )

    async def _database(self) -> tuple[str | None, Figures, str | None]:
        """The server's version, its figures, and what is wrong."""
        try:
            return *await self._time_limit.wait_for(self._ask_database()), None
        except Failed as error:
            return None, Figures(), str(error)

    async def _ask_database(self) -> tuple[str, Figures]:
        server = await self._db.server_time()
        await self._channels.recall()
        if server["read_only"]:
            raise Unreachable(READ_ONLY)
        await self._db.must_have_room()
        await self._db.must_be_sessions()
        return server["version"], await urgent_figures(self._db, self._timekeeping.clock)

    def _stuck(self) -> str | None:
        stuck = self._watchdog.stuck()
        told = [f"{name} for {silent.total_seconds():.0f} s" for name, silent in stuck.items()]
        return f"got nowhere: {', '.join(told)}" if told else None

    async def _slack(self) -> str | None:
        """What is wrong, None when nothing is; cached for a moment."""
        async with self._one_at_a_time:
            if time.monotonic() - self._slack_asked_at_s >= SLACK_ASKED_EVERY_S:
                self._slack_trouble = await self._ask_slack()
                self._slack_asked_at_s = time.monotonic()
        return self._slack_trouble

    async def _ask_slack(self) -> str | None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._gateway.whoami()
                if self._socket_trouble and (trouble := await self._socket_trouble()):
                    return trouble
        except TimeoutError:
            return f"no answer within {TIMEOUT_S:.0f} s"
        except RateLimited:
            # It answers: we are only rate limited.
            return None
        except AppRefused as error:
            return f"{error}. {REFUSED}"
        except Failed as error:
            return str(error)
        return None

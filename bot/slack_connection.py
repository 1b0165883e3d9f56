"""The connection to Slack: checks the tokens, looks up channels and accounts, and keeps Socket Mode open."""

import asyncio
import logging
from collections.abc import Collection, Coroutine

from aiohttp import web

from bot.domain.errors import Failed, Rejected, Unanswered, Unreachable
from bot.doors.slack_app import Judge, SlackApp, mend_bolt
from bot.doors.slack_socket import SocketDoor, open_socket
from bot.services import Services
from bot.services.upkeep.readiness import REFUSED
from bot.settings import Settings
from bot.slack.gateway import AppRefused, Gateway
from bot.store.errors import plain_reason
from bot.store.paging import escalations

log = logging.getLogger(__name__)

CONNECT_AGAIN_AFTER_S = 5.0
LOOK_UP_AGAIN_WITHIN_S = 300.0
SAY_AGAIN_AFTER_S = 60.0
# Slack takes about fifty such requests a minute from all processes together; people's own requests come first.
ROOM_LOOKED_AT_AFTER_S = 5.0
ROOMS_AT_ONCE = 50


class SlackLine:
    """One per process. If Slack is away for hours, or refuses us, it retries: pages also go by other ways.

    A refusal ends the process only at its first start, when nobody relies on it yet and somebody is there to fix it.
    """

    def __init__(self, settings: Settings, services: Services, *, judge: Judge, events: Collection[str]) -> None:
        self._settings = settings
        self._services = services
        self._door = _door(settings, services, judge, events)
        self._socket: SocketDoor | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._first_look = asyncio.Event()
        self._refusal: Failed | None = None

    async def open(self) -> None:
        """Raises Rejected when Slack refuses the tokens at a first start."""
        is_first = await self._is_first_start()
        await self._must_be_welcome(is_first)
        self._in_background(self._look_up())
        if self._settings.transport != "socket":
            return
        try:
            await self._connect()
        except Failed as error:
            if is_first and isinstance(error, Rejected | AppRefused):
                raise Rejected(str(error)) from error
            log.warning("slack: %s", error)
            self._in_background(self._connect_later())

    async def over_http(self, request: web.Request) -> web.StreamResponse:
        """`POST /slack/events`."""
        return await self._door.over_http(request)

    async def until_looked_up(self) -> None:
        """Wait until channels and accounts are known, or known to be missing, or Slack has failed to answer once."""
        await self._first_look.wait()

    async def trouble(self) -> str | None:
        """In Socket Mode: why there is no open connection; None when there is one."""
        if self._socket is not None and await self._socket.is_open():
            return None
        return str(self._refusal or "the Socket Mode connection is closed")

    async def close(self) -> None:
        """Stop receiving."""
        for task in set(self._background):
            task.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def _is_first_start(self) -> bool:
        """Has no process with this database ever been connected, and is nobody to be paged?"""
        if self._services.channels.are_known:
            return False
        async with self._services.db.statement() as conn:
            return not await escalations.armed(conn)

    async def _must_be_welcome(self, is_first: bool) -> None:
        try:
            await self._services.gateway.whoami()
        except AppRefused as error:
            if is_first:
                raise Rejected(f"{error}. Look at SLACK_BOT_TOKEN.") from error
            self._in_background(self._call_for_help(error))
        except Failed as error:
            log.warning("slack: %s", error)

    async def _call_for_help(self, refusal: AppRefused | None) -> None:
        """Log an error once a minute while Slack refuses us."""
        while refusal is not None:
            log.error("slack: %s. %s", refusal, REFUSED)
            await asyncio.sleep(SAY_AGAIN_AFTER_S)
            try:
                await self._services.gateway.whoami()
                refusal = None
            except AppRefused as error:
                refusal = error
            except Failed as error:
                log.warning("slack: %s", error)

    async def _connect(self) -> None:
        assert self._settings.slack_app_token is not None
        token = self._settings.slack_app_token.get_secret_value()
        try:
            self._socket = await open_socket(self._door.bolt, token, await self._address(token))
            self._refusal = None
        except AppRefused as error:
            self._refusal = Unreachable(f"Socket Mode: {error}. Look at SLACK_APP_TOKEN.")
            raise AppRefused(str(self._refusal)) from error
        except Failed as error:
            self._refusal = error
            raise
        log.info("slack=connected transport=socket")

    async def _address(self, token: str) -> str:
        """The address Slack assigns for the connection. Raises a kind of Failed, also for a proxy's answer in Slack's
        place."""
        services = self._services
        app = Gateway(services.session, services.clock, token=token, base_url=self._settings.slack_api_url)
        return str((await app.call("apps.connections.open", params={}))["url"])

    async def _connect_later(self) -> None:
        while self._socket is None:
            await asyncio.sleep(CONNECT_AGAIN_AFTER_S)
            try:
                await self._connect()
            except Failed as error:
                log.warning("slack: %s", error)

    async def _look_up(self) -> None:
        """Look up channels and accounts, so that the first page needn't; retries until Slack has answered."""
        wait_s = CONNECT_AGAIN_AFTER_S
        while not await self._looked_up():
            self._first_look.set()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LOOK_UP_AGAIN_WITHIN_S)
        await self._wake_what_waited()
        self._first_look.set()
        await self._look_again()

    async def _look_again(self) -> None:
        """Periodically look at channels that count as closed or missing, as Slack's events are not reliable.

        Also at the rooms of open incidents, and for deactivated accounts.
        """
        while True:
            await asyncio.sleep(LOOK_UP_AGAIN_WITHIN_S)
            try:
                await self._services.closures.look_again()
                await self._look_at_rooms()
                await self._services.leavers.look()
            except Failed as error:
                log.warning("slack: %s", error)

    async def _look_at_rooms(self) -> None:
        for _ in range(ROOMS_AT_ONCE):
            if not await self._services.room_looks.look():
                return
            await asyncio.sleep(ROOM_LOOKED_AT_AFTER_S)

    async def _looked_up(self) -> bool:
        """False when another try may find more. A channel that can't be created doesn't stop the other look-ups."""
        is_all = True
        house = self._services
        for look in (house.channels.look_up, house.people.look_up_everybody, house.closures.catch_up):
            try:
                await look()
            except Failed as error:
                log.warning("slack: %s", error)
                is_all = is_all and isinstance(error, Rejected)
        return is_all

    async def _wake_what_waited(self) -> None:
        """Wake cards and posts for channels that were not known yet."""
        async with self._services.db.transaction() as conn:
            await self._services.outbox.wake(conn, ["card", "post"], {})

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _door(settings: Settings, services: Services, judge: Judge, events: Collection[str]) -> SlackApp:
    mend_bolt()
    secret = settings.slack_signing_secret if settings.transport == "http" else None
    return SlackApp(
        services.gateway.client,
        services.reception,
        signing_secret=secret.get_secret_value() if secret else None,
        judge=judge,
        events=events,
        not_recorded=lambda error: _not_recorded(services, error),
        measure=services.metrics.acknowledged,
    )


def _not_recorded(services: Services, error: Failed) -> str:
    """Uses only memory, because the database is what is missing."""
    people = services.call_list.first()
    if isinstance(error, Unanswered):
        return services.rendering.say("slack/not_known", people=people)
    return services.rendering.say("slack/nothing_recorded", people=people, reason=plain_reason(error))

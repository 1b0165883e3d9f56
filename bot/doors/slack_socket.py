"""The Socket Mode connection to Slack, for bots without a reachable address."""

import asyncio
import logging
from contextlib import suppress

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.domain.errors import Unreachable
from bot.doors.slack_shapes import fault_in
from bot.wire.certificates import tls_error_in, tls_reason_of

log = logging.getLogger(__name__)

CONNECT_WITHIN_S = 15.0
ACKNOWLEDGE_WITHIN_S = 3.0


class SocketHandler(AsyncSocketModeHandler):
    """Knows whether it has acknowledged everything it received."""

    def __init__(self, bolt: AsyncApp, app_token: str) -> None:
        super().__init__(bolt, app_token)
        self._under_way = 0
        self.all_acknowledged = asyncio.Event()
        self.all_acknowledged.set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        if fault := fault_in(req.payload or {}):
            log.warning("socket: a request of type=%s is not as Slack sends it, at %s", req.type, fault)
            return
        self._under_way += 1
        self.all_acknowledged.clear()
        try:
            await super().handle(client, req)
        except ConnectionError:
            # It is stored and will be done. Slack repeats an event; a person sees that it took too long.
            log.warning("socket: the connection closed before a request of type=%s was acknowledged", req.type)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.all_acknowledged.set()


class SocketDoor:
    """An open Socket Mode connection."""

    def __init__(self, handler: SocketHandler) -> None:
        self._handler = handler

    async def is_open(self) -> bool:
        return bool(await self._handler.client.is_connected())

    async def close(self) -> None:
        """Acknowledge what has been received first: else people would read that it failed although it is done."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._handler.all_acknowledged.wait(), ACKNOWLEDGE_WITHIN_S)
        await self._handler.close_async()  # type: ignore[no-untyped-call]
        # The SDK leaves its monitor tasks behind; one iteration of the loop lets them end.
        await asyncio.sleep(0)


async def open_socket(bolt: AsyncApp, app_token: str, address: str) -> SocketDoor:
    """Connect in Socket Mode. Raises Unreachable."""
    handler = SocketHandler(bolt, app_token)
    handler.client.wss_uri = address
    try:
        # The SDK would retry for ever; we decide whether Slack is away.
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await handler.connect_async()  # type: ignore[no-untyped-call]
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        await handler.close_async()  # type: ignore[no-untyped-call]
        tls = tls_error_in(error)
        why = f": {tls_reason_of(tls)}" if tls else ""
        raise Unreachable(f"Socket Mode: Slack cannot be reached{why}") from error
    return SocketDoor(handler)

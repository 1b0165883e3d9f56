"""The simulated Twilio's HTTP API, under the real one's paths."""

import base64
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from aiohttp import web
from multidict import MultiDict

from bot.clock import Clock
from bot.sandbox.dated import dated_by
from bot.sandbox.telephone.items import Fault, Item, Kind, Refusal

FOLDER = "/2010-04-01/Accounts/{account}"
NAMES: dict[str, Kind] = {"Messages": "sms", "Calls": "voice"}
ON_PURPOSE = "as asked"

Serve = Callable[[web.Request], Awaitable[web.Response]]


class Account(Protocol):
    """The account that this API serves."""

    account: str
    token: str
    hides: bool
    clock: Clock
    items: list[Item]
    asked: list[str]

    def fault(self, to: str) -> Fault | None: ...
    def take(self, kind: Kind, fields: MultiDict[str]) -> Item: ...
    async def until_released(self) -> None: ...


class Door:
    """Listens on a free port between `start` and `stop`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._runner: web.AppRunner | None = None

    async def start(self, host: str) -> str:
        """Start it and return the origin."""
        application = web.Application()
        application.on_response_prepare.append(dated_by(lambda: self._account.clock.now()))
        application.router.add_get(f"{FOLDER}.json", self._guarded(self._show))
        for name, kind in NAMES.items():
            application.router.add_post(f"{FOLDER}/{name}.json", self._guarded(partial(self._make, kind)))
            application.router.add_get(f"{FOLDER}/{name}.json", self._guarded(partial(self._list, name, kind)))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _guarded(self, serve: Serve) -> Serve:
        async def served(request: web.Request) -> web.Response:
            try:
                self._must_be_ours(request)
                return await serve(request)
            except Refusal as refusal:
                return _no(refusal)

        return served

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response({"sid": self._account.account, "status": "active", "friendly_name": "Sandbox"})

    async def _make(self, kind: Kind, request: web.Request) -> web.Response:
        form = await request.post()
        fields: MultiDict[str] = MultiDict((name, str(value)) for name, value in form.items())
        to = fields.get("To", "")
        self._account.asked.append(to)
        fault = self._account.fault(to)
        if fault and fault.kind == "hang":
            await self._account.until_released()
        if fault and fault.kind in ("refuse", "limit"):
            raise Refusal(fault.status, fault.code, ON_PURPOSE, fault.wait)
        item = self._account.take(kind, fields)
        if fault and fault.kind == "hold":
            await self._account.until_released()
        if fault and fault.kind == "drop" and request.transport is not None:
            request.transport.abort()
        return web.json_response(item.as_json(), status=201)

    async def _list(self, name: str, kind: Kind, request: web.Request) -> web.Response:
        if self._account.hides:
            raise Refusal(500, 20500, ON_PURPOSE)
        to = request.query.get("To", "")
        found = [one.as_json() for one in reversed(self._account.items) if one.kind == kind and to in ("", one.to)]
        return web.json_response({name.lower(): found[: int(request.query.get("PageSize", "50"))]})

    def _must_be_ours(self, request: web.Request) -> None:
        whole = base64.b64encode(f"{self._account.account}:{self._account.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {whole}":
            raise Refusal(401, 20003, "Authenticate")
        if request.match_info["account"] != self._account.account:
            raise Refusal(404, 20404, "The requested resource was not found")


def _no(refusal: Refusal) -> web.Response:
    body = {"code": refusal.code, "message": str(refusal), "status": refusal.status, "more_info": ""}
    headers = {"Retry-After": refusal.wait} if refusal.wait else None
    return web.json_response(body, status=refusal.status, headers=headers)

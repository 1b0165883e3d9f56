"""Somebody without Slack: opens the report form, fills it in, and reads the answer."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlencode

import aiohttp

from tests.world import RUNBOOK, World

PUBLIC = "https://tocsin.example.com"
WITH_FORM = RUNBOOK + "reports: {level: high}\n"
DECLARING = RUNBOOK + "reports: {level: high, declare: P3}\n"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Page:
    status: int
    words: str
    headers: Mapping[str, str]

    @property
    def nonce(self) -> str:
        (found,) = re.findall(r'name="nonce" value="([^"]+)"', self.words)
        return str(found)

    @property
    def text(self) -> str:
        """The page's text, without markup."""
        body = self.words.split("<body>", 1)[1]
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


class Reporter:
    """`path`: from the link that `tocsin report-link` prints."""

    def __init__(self, world: World, session: aiohttp.ClientSession, path: str) -> None:
        self._world = world
        self._session = session
        self.path = path

    async def opens(self, path: str | None = None) -> Page:
        return await self.asks("GET", path=path)

    async def sends(self, path: str | None = None, **fields: str) -> Page:
        """Submits these fields as a browser would, then settles; without a nonce, opens a fresh form first."""
        return await self.posts(urlencode(fields).encode(), path)

    async def posts(self, body: bytes, path: str | None = None, **headers: str) -> Page:
        """Posts this raw body, then settles; headers with `_` for `-`."""
        page = await self.asks("POST", body, path=path, **headers)
        await self._world.settled()
        return page

    async def asks(self, method: str, body: bytes | str | None = None, *, path: str | None = None, **own: str) -> Page:
        """Sends one request, without waiting for what follows from it."""
        address = f"http://127.0.0.1:{self._world.app.port}{path or self.path}"
        headers = {name.replace("_", "-"): value for name, value in {"Content_Type": FORM, **own}.items()}
        data = BytesIO(body.encode() if isinstance(body, str) else body) if body is not None else None
        async with self._session.request(method, address, data=data, headers=headers) as answer:
            assert answer.content_type == "text/html"
            return Page(answer.status, await answer.text(), answer.headers)


@asynccontextmanager
async def outsider(world: World) -> AsyncIterator[Reporter]:
    address = await world.house.report_link.address()
    async with aiohttp.ClientSession() as session:
        yield Reporter(world, session, address.removeprefix(PUBLIC))

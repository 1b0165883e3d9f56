"""Connections a story controls: Slack's signed requests made by hand, and a database connection that can fail."""

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from bot.sandbox import interactions
from bot.sandbox.delivery import Acknowledgement, AppRequest
from tests.world import World

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


async def sent_by_hand(
    world: World,
    body: Mapping[str, Any] | bytes,
    content_type: str = FORM,
    *,
    secret: str | None = None,
    late_s: int = 0,
    **headers: str | None,
) -> tuple[int, str]:
    """The status and body of the answer to a request as Slack signs it; a header of None is left out."""
    if isinstance(body, bytes):
        raw = body
    else:
        raw = json.dumps(body).encode() if content_type == JSON else urlencode(body).encode()
    stamp = str(int(time.time()) - late_s)
    key = (world.workspace.signing_secret if secret is None else secret).encode()
    signature = "v0=" + hmac.new(key, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    all_headers: dict[str, str | None] = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
    }
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    present = {name: value for name, value in all_headers.items() if value is not None}
    url = f"http://127.0.0.1:{world.app.port}/slack/events"
    async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(raw), headers=present) as answer:
        return answer.status, await answer.text()


async def stored(world: World, *kinds: str) -> list[Mapping[str, Any]]:
    """The requests in the database. Events are left out unless `kinds` asks for them."""
    wanted = kinds or ("command", "action", "form", "shortcut")
    async with world.house.db.transaction() as conn:
        cursor = await conn.execute("SELECT * FROM requests WHERE kind = ANY(%s) ORDER BY received_at", [list(wanted)])
        return list(await cursor.fetchall())


def command(world: World, typed: str, who: str = "eve", **changed: Any) -> AppRequest:
    """A slash command as Slack would send it; it isn't sent yet."""
    workspace, channel = world.workspace, world.workspace.channel("#general")
    url = workspace.response_urls.give(channel.id, workspace.person(who).id, of_command=True)
    name, _, text = typed.partition(" ")
    user = workspace.person(who).user
    delivery = interactions.slash_command(workspace, user, channel, name, text, url)
    return AppRequest("slash_commands", delivery.payload | changed)


def event(world: World, number: str, **body: Any) -> AppRequest:
    """An event as Slack would send it; the same number is the same event."""
    envelope = {"type": "event_callback", "team_id": world.workspace.team_id, "event_id": f"Ev{number}", "event": body}
    return AppRequest("events_api", envelope | {"event_time": 1, "authorizations": []})


async def delivered(world: World, delivery: AppRequest) -> Acknowledgement:
    answer = await world.workspace.courier.send(delivery)
    await world.settled()
    return answer


class Line:
    """A proxy in front of the database whose connections can be cut, go dead, and come back."""

    def __init__(self, database: str) -> None:
        parts = urlsplit(database)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._name, self._user = parts.path.lstrip("/"), parts.username
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._port = 0
        self._era = 0
        # How many connections have been made so far.
        self.made = 0

    @property
    def url(self) -> str:
        return f"postgresql://{self._user}@127.0.0.1:{self._port}/{self._name}"

    async def come_back(self) -> None:
        self._flowing.set()
        self._server = self._server or await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """As if the server were stopped: every connection ends, and new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.transport.abort()
        await asyncio.sleep(0)

    def go_dead(self) -> None:
        """As if packets were dropped: connections stay open, and nothing passes through them."""
        self._flowing.clear()

    def strand(self) -> None:
        """As after a failover: the existing connections stay open but nothing passes through them; new ones work."""
        self._era += 1

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        there, back = await asyncio.open_unix_connection(self._socket)
        self._links |= {writer, back}
        ways = [asyncio.create_task(self._flow(reader, back)), asyncio.create_task(self._flow(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for link in (writer, back):
                self._links.discard(link)
                link.transport.abort()

    async def _flow(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        era = self._era
        with suppress(ConnectionError):
            while piece := await source.read(65536):
                await self._flowing.wait()
                if era != self._era:
                    await asyncio.Event().wait()
                sink.write(piece)
                await sink.drain()


@asynccontextmanager
async def line_to(database: str) -> AsyncIterator[Line]:
    line = Line(database)
    await line.come_back()
    try:
        yield line
    finally:
        await line.cut()

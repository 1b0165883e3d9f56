"""A monitoring system: what it posts to the bot, and what the bot answers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp

from bot.sandbox.model import Message
from tests.world import RUNBOOK, World, words_of

TOKEN = "alerts-token-1"
CHANNEL = "#infrastructure-alerts"
ABOUT_SILENCES = ("🔇", "🔔")

WITH_ALERTS = (
    RUNBOOK
    + """
default_severity: P2
procedures:
  database-timeout:
    title: Database connection timeout
    symptoms: [Slow queries]
    steps:
      - {do: Check the database answers, run: psql -c "select 1"}
      - ask: Was there a deployment in the last hour?
        answers: {"Yes": Roll it back, "No": Go on}
alerts:
  rules:
    - {match: {alertname: DatabaseDown}, level: critical, declare: P1, procedure: database-timeout}
    - {match: {event: failed_login}, at_least: 5 in 1h, level: high}
    - {match: {alertname: Disk*}, level: medium}
  heartbeats:
    nightly-job: {every: 24h, grace: 30m, level: high}
"""
)


Body = bytes | AsyncIterable[bytes]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Monitoring:
    """Posts as Alertmanager or a script would; expects a 202 unless the story checks the answer itself."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._world = world
        self._session = session

    async def sends(
        self, path: str, body: Body = b"", *, token: str | None = TOKEN, query: str = "", **headers: str
    ) -> Reply:
        """`POST /alerts/<path>` verbatim; headers with `_` for `-`. A body in pieces goes without Content-Length."""
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            own["Authorization"] = f"Bearer {token}"
        data = BytesIO(body) if isinstance(body, bytes) else body
        address = f"http://127.0.0.1:{self._world.app.port}/alerts/{path}{query}"
        async with self._session.post(address, data=data, headers=own) as answer:
            return Reply(answer.status, await answer.json(), answer.headers)

    async def asks(self, path: str) -> int:
        """`GET /alerts/<path>`; returns the status code."""
        own = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.get(f"http://127.0.0.1:{self._world.app.port}/alerts/{path}", headers=own) as answer:
            return answer.status

    async def tells(self, source: str, content: Any) -> int:
        """Posts, waits until every consequence is settled, and returns how many alerts were accepted."""
        reply = await self.sends(source, json.dumps(content).encode())
        assert reply.status == 202, reply
        await self._world.settled()
        return int(reply.body["accepted"])

    async def fires(self, *alerts: dict[str, Any], group: str | None = None) -> int:
        return await self.tells("alertmanager", notification(*alerts, group=group))

    async def beats(self, name: str) -> Reply:
        reply = await self.sends(f"heartbeat/{name}")
        await self._world.settled()
        return reply

    @property
    def cards(self) -> list[Message]:
        """The alert cards in the alert channel, oldest first."""
        return [message for message in self._messages if not message.text.startswith(ABOUT_SILENCES)]

    @property
    def about_silences(self) -> list[str]:
        """The channel's messages about silences, oldest first."""
        return [words_of(message) for message in self._messages if message.text.startswith(ABOUT_SILENCES)]

    @property
    def _messages(self) -> list[Message]:
        found = self._world.workspace.messages(CHANNEL)
        said = [message for message in found if message.subtype is None and message.ephemeral_for is None]
        return [message for message in said if message.thread_ts in (None, message.ts)]

    def thread(self, card: Message) -> list[str]:
        """The replies in this card's thread, oldest first."""
        found = self._world.workspace.messages(CHANNEL)
        return [words_of(one) for one in found if one.thread_ts == card.ts and one.ts != card.ts]

    @property
    def card(self) -> Message:
        """The only card; fails when there are more."""
        [card] = self.cards
        return card

    @property
    def words(self) -> str:
        return words_of(self.card)


def alert(name: str, *, status: str = "firing", severity: str = "warning", **labels: str) -> dict[str, Any]:
    """One alert in Alertmanager's format; its fingerprint is derived from its name and labels."""
    own = {"alertname": name, "severity": severity, **labels}
    return {
        "status": status,
        "labels": own,
        "annotations": {"summary": f"{name} is bad", "description": f"All about {name}"},
        "startsAt": "2026-08-06T14:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
        "fingerprint": "-".join(own.values()),
    }


def notification(*alerts: dict[str, Any], group: str | None = None) -> dict[str, Any]:
    status = "firing" if any(one["status"] == "firing" for one in alerts) else "resolved"
    key = group or '{}:{alertname="' + alerts[0]["labels"]["alertname"] + '"}'
    return {"version": "4", "groupKey": key, "status": status, "receiver": "tocsin", "alerts": list(alerts)}


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[Monitoring]:
    async with aiohttp.ClientSession() as session:
        yield Monitoring(world, session)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def forwarding(port: int, to: int) -> AsyncIterator[None]:
    """Forwards every TCP connection from one port to the other."""

    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, out), pump(there, writer), return_exceptions=True)

    server = await asyncio.start_server(forward, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()

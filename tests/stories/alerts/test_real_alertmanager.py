"""Alertmanager itself, as Debian has it, posts to the bot: what its own notifications really say."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, watched
from tests.world import World

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
TIMEOUT_S = 120.0

pytestmark = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="needs Alertmanager on this machine; on Debian: apt install prometheus-alertmanager",
)

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


class Alertmanager:
    """One of them, with nothing but the bot to tell."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v2"
        self._session = session

    async def is_ready(self) -> bool:
        try:
            async with self._session.get(f"{self._api}/status") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def hears(self, *hosts: str, over: bool = False) -> None:
        now = datetime.now(UTC)
        times = {"startsAt": now - timedelta(minutes=5), "endsAt": now if over else now + timedelta(minutes=5)}
        alerts = [
            {"labels": {"alertname": "SiteDown", "severity": "page", "host": host}}
            | {name: at.isoformat() for name, at in times.items()}
            for host in hosts
        ]
        await self._post("alerts", alerts)

    async def silences(self, host: str) -> None:
        now = datetime.now(UTC)
        matcher = {"name": "host", "value": host, "isRegex": False, "isEqual": True}
        span = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        await self._post("silences", {"matchers": [matcher], "createdBy": "ada", "comment": "known", **span})

    async def _post(self, what: str, content: Any) -> None:
        async with self._session.post(f"{self._api}/{what}", json=content) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def alertmanager(folder: Path, receiver: str, **settings: Any) -> AsyncIterator[Alertmanager]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    hook = {"url": receiver, "http_config": {"authorization": {"credentials": TOKEN}}, **settings}
    quick = {"group_wait": "50ms", "group_interval": "100ms", "repeat_interval": "1h"}
    config = {
        "route": {"receiver": "tocsin", "group_by": ["alertname"], **quick},
        "receivers": [{"name": "tocsin", "webhook_configs": [hook]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config))
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            one = Alertmanager(port, session)
            await until(one.is_ready)
            yield one
    finally:
        process.kill()
        await process.wait()


async def until(happens: Callable[[], Any]) -> None:
    """Real programs take real time; fails when it takes too long."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            found = happens()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


def address(world: World) -> str:
    return f"http://127.0.0.1:{world.app.port}/alerts/alertmanager"


def card_says(monitoring: Monitoring, words: str) -> Callable[[], bool]:
    return lambda: len(monitoring.cards) == 1 and words in monitoring.words + monitoring.card.text


async def test_what_fires_and_ends_there_fires_and_ends_here(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world)) as source:
        await source.hears("a", "b")
        await until(card_says(monitoring, "SiteDown and 1 more"))
        assert monitoring.card.text.startswith("🔴 *Critical*")
        await source.hears("a", "b", over=True)
        await until(card_says(monitoring, "✅ *Resolved*"))


async def test_what_is_silenced_there_fires_here_no_more(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world)) as source:
        await source.hears("a", "b")
        await until(card_says(monitoring, "SiteDown and 1 more"))
        await source.silences("b")
        await world.passes(minutes=1)
        await source.hears("a", "b", "c")
        await until(card_says(monitoring, "host c"))
        assert "host b" not in monitoring.words


async def test_what_it_cuts_off_is_not_called_over(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world), max_alerts=1) as source:
        await source.hears("a", "b", "c")
        await until(card_says(monitoring, "2 more alerts are not shown"))
        await source.hears("a", "b", "c", over=True)
        await until(lambda: "Close" in world.ben.labels(monitoring.card))
        assert "Resolved" not in monitoring.card.text


async def test_a_wrong_token_there_is_told_here(world: World, tmp_path: Path) -> None:
    wrong = {"http_config": {"authorization": {"credentials": "wrong"}}}
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world), **wrong) as source:
        await source.hears("a")
        await until(card_says(monitoring, "Alerts from alertmanager are being rejected"))
        assert "(Alertmanager/" in monitoring.words

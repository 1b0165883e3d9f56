"""A real Alertmanager, as Debian packages it, posts to the bot: what its notifications really say."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, forwarding, free_port, watched
from tests.world import World, words_of

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
TIMEOUT_S = 120.0

pytestmark = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="needs Alertmanager on this machine; on Debian: apt install prometheus-alertmanager",
)

QUICK_CLUSTER = (
    "--cluster.peer-timeout=200ms", "--cluster.gossip-interval=20ms", "--cluster.pushpull-interval=500ms",
    "--cluster.settle-timeout=200ms",
)  # fmt: skip

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


class Alertmanager:
    """One Alertmanager whose only receiver is the bot."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._own = f"http://127.0.0.1:{port}"
        self._api = f"{self._own}/api/v2"
        self._session = session

    async def is_ready(self) -> bool:
        try:
            async with self._session.get(f"{self._api}/status") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def has_failed(self) -> bool:
        """Whether a notification of its has failed."""
        async with self._session.get(f"{self._own}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        failed = "alertmanager_notification_requests_failed_total", 'integration="webhook"'
        return any(all(part in line for part in failed) and not line.endswith(" 0") for line in lines)

    async def hears(self, *hosts: str, over: bool = False, for_s: float = 300, name: str = "SiteDown") -> None:
        """Sends it alerts; it resolves them unless it hears of them again within `for_s` seconds."""
        now = datetime.now(UTC)
        times = {"startsAt": now - timedelta(minutes=5), "endsAt": now + timedelta(seconds=0 if over else for_s)}
        alerts = [
            {"labels": {"alertname": name, "severity": "page", "host": host}}
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
async def alertmanager(
    folder: Path, receiver: str, *, own: int = 0, peer: int = 0, **settings: Any
) -> AsyncIterator[Alertmanager]:
    """`own` and `peer`: the cluster ports over which a pair shares its notification log; 0: a single one."""
    port = free_port()
    hook = {"url": receiver, "http_config": {"authorization": {"credentials": TOKEN}}, **settings}
    quick = {"group_wait": "50ms", "group_interval": "100ms", "repeat_interval": "1h"}
    config = {
        "route": {"receiver": "tocsin", "group_by": ["alertname"], **quick},
        "receivers": [{"name": "tocsin", "webhook_configs": [hook]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config))
    assert PROGRAM is not None
    linked = [f"--cluster.peer=127.0.0.1:{peer}", *QUICK_CLUSTER] if peer else []
    process = await asyncio.create_subprocess_exec(
        PROGRAM, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url=http://{folder.name}.example.com",
        "--web.route-prefix=/", f"--cluster.listen-address={f'127.0.0.1:{own}' if own else ''}", *linked,
        "--log.level=error",
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
    """Waits in real time, for real programs; fails after a generous limit."""
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


async def test_an_alert_that_fires_and_resolves_in_alertmanager_does_so_here(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world)) as source:
        await source.hears("a", "b")
        await until(card_says(monitoring, "SiteDown and 1 more"))
        assert monitoring.card.text.startswith("🔴 *Critical*")
        await source.hears("a", "b", over=True)
        await until(card_says(monitoring, "✅ *Resolved*"))


async def test_an_alert_silenced_in_alertmanager_no_longer_fires_here(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world)) as source:
        await source.hears("a", "b")
        await until(card_says(monitoring, "SiteDown and 1 more"))
        await source.silences("b")
        await world.passes(minutes=1)
        await source.hears("a", "b", "c")
        await until(card_says(monitoring, "host c"))
        assert "host b" not in monitoring.words


async def test_alerts_alertmanager_truncates_are_not_called_resolved(world: World, tmp_path: Path) -> None:
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world), max_alerts=1) as source:
        await source.hears("a", "b", "c")
        await until(card_says(monitoring, "2 more alerts are not shown"))
        await source.hears("a", "b", "c", over=True)
        await until(lambda: "Close" in world.ben.labels(monitoring.card))
        assert "Resolved" not in monitoring.card.text


async def test_an_alert_one_of_a_pair_loses_sight_of_reopens_because_the_other_still_sees_it(
    world: World, tmp_path: Path
) -> None:
    """They share a notification log: the one that sees it repeats it once after the end, then not for an hour."""
    world.clock.move(datetime.now(UTC) - world.clock.now())
    await world.settled()
    one, other = free_port(), free_port()
    for name in ("seeing", "blind"):
        await asyncio.to_thread((tmp_path / name).mkdir)
    async with (
        watched(world) as monitoring,
        alertmanager(tmp_path / "seeing", address(world), own=one, peer=other) as seeing,
        alertmanager(tmp_path / "blind", address(world), own=other, peer=one) as blind,
    ):

        def shown() -> list[str]:
            return [card.text.split()[0] for card in monitoring.cards if "SiteDown" in card.text]

        await seeing.hears("a")
        await until(lambda: shown() == ["🔴"])
        await blind.hears("a", for_s=0.5)
        await until(lambda: any("still reports it firing" in words_of(card) for card in monitoring.cards))
        assert shown() == ["✅"]
        await world.passes(minutes=5)
        assert shown() == ["✅", "🔴"]


async def test_three_rules_reported_by_a_pair_are_three_cards_and_each_resolves(world: World, tmp_path: Path) -> None:
    world.clock.move(datetime.now(UTC) - world.clock.now())
    await world.settled()
    one, other = free_port(), free_port()
    for name in ("first", "second"):
        await asyncio.to_thread((tmp_path / name).mkdir)
    rules = ("SiteDown", "ShopDown", "QueueLong")
    async with (
        watched(world) as monitoring,
        alertmanager(tmp_path / "first", address(world), own=one, peer=other) as first,
        alertmanager(tmp_path / "second", address(world), own=other, peer=one) as second,
    ):

        def shown(mark: str) -> Callable[[], bool]:
            def is_so() -> bool:
                found = [card.text for card in monitoring.cards if any(rule in card.text for rule in rules)]
                return len(found) == len(rules) and all(text.startswith(mark) for text in found)

            return is_so

        for member in (first, second):
            for rule in rules:
                await member.hears("a", "b", name=rule)
        await until(shown("🔴"))
        for member in (first, second):
            for rule in rules:
                await member.hears("a", "b", name=rule, over=True)
        await until(shown("✅ *Resolved*"))


async def test_an_alert_that_fires_while_the_bot_is_down_arrives_once_it_is_back(world: World, tmp_path: Path) -> None:
    door = free_port()
    async with (
        watched(world) as monitoring,
        alertmanager(tmp_path, f"http://127.0.0.1:{door}/alerts/alertmanager") as source,
    ):
        await source.hears("a", "b")
        await until(source.has_failed)
        async with forwarding(door, world.app.port):
            await until(card_says(monitoring, "SiteDown and 1 more"))


async def test_a_wrong_token_in_alertmanager_is_reported_here(world: World, tmp_path: Path) -> None:
    wrong: dict[str, Any] = {"http_config": {"authorization": {"credentials": "wrong"}}}
    async with watched(world) as monitoring, alertmanager(tmp_path, address(world), **wrong) as source:
        await source.hears("a")
        await until(card_says(monitoring, "Alerts from Alertmanager are being rejected"))
        assert "(Alertmanager/" in monitoring.words

"""Two clusters with the same rules: what one of them says is not about the other's alerts."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.sources.test_pagerduty import EVENT
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, notification, watched
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
AT_HOME = "  rules:\n    - {match: {site: lab}, level: low}\n"


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS.replace("  rules:\n", AT_HOME), ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def told(world: World, monitoring: Monitoring, site: str, *alerts: dict[str, Any], **more: Any) -> None:
    """By the Alertmanager of the site, which tells its groups whole; '' = it has none in its address."""
    content = notification(*alerts) | {"truncatedAlerts": 0} | more
    query = f"?site={site}" if site else ""
    reply = await monitoring.sends("alertmanager", json.dumps(content).encode(), query=query)
    assert (reply.status, reply.body["accepted"]) == (202, len(alerts))
    await world.settled()


def headlines(monitoring: Monitoring) -> list[str]:
    return [card.text for card in monitoring.cards]


async def test_the_end_that_one_site_reports_is_not_that_of_the_other(world: World, monitoring: Monitoring) -> None:
    for site in ("eu", "us", ""):
        await told(world, monitoring, site, alert("DiskFull"))
    assert len(monitoring.cards) == 3
    assert [name for name in ("eu", "us") if f"site* {name}" in "".join(map(words_of, monitoring.cards))] == [
        "eu",
        "us",
    ]

    await told(world, monitoring, "eu", alert("DiskFull", status="resolved"))
    assert [text.split()[1] for text in headlines(monitoring)] == ["*Resolved*", "*Medium*", "*Medium*"]


async def test_a_group_that_one_site_lists_whole_is_not_the_others(world: World, monitoring: Monitoring) -> None:
    """With external labels the alerts differ, and the group has the same key."""
    await told(world, monitoring, "eu", alert("DiskFull", cluster="eu"))
    await world.passes(minutes=5)
    await told(world, monitoring, "us", alert("DiskFull", cluster="us"))
    assert [text.split()[1] for text in headlines(monitoring)] == ["*Medium*", "*Medium*"]


async def test_both_members_of_a_pair_at_a_site_tell_of_one_alert(world: World, monitoring: Monitoring) -> None:
    for member in ("a", "b"):
        await told(world, monitoring, "eu", alert("DiskFull"), externalURL=f"http://{member}.example.com")
    assert "Seen 2 times" in monitoring.words


async def test_rules_and_silences_match_the_site(world: World, monitoring: Monitoring) -> None:
    await told(world, monitoring, "lab", alert("NodeDown", severity="critical"))
    assert headlines(monitoring)[0].split()[1] == "*Low*"
    await world.eve.types("/health silence site=lab 1h rebuilding it", "#general")
    await world.settled()
    assert "Silenced by" in monitoring.words


async def test_a_site_keeps_the_keys_of_every_source_apart(world: World, monitoring: Monitoring) -> None:
    trigger = EVENT | {"payload": EVENT["payload"] | {"severity": "critical"}}
    for site in ("eu", "us"):
        await monitoring.sends("pagerduty", json.dumps(trigger).encode(), query=f"?site={site}")
        same = b'{"title": "A", "status": "firing", "fingerprint": "a"}'
        await monitoring.sends("generic", same, query=f"?site={site}", Idempotency_Key="1")
        await monitoring.asks(f"uptimerobot?token={TOKEN}&site={site}&monitorID=1&monitorFriendlyName=Shop&alertType=1")
    await monitoring.sends(
        "pagerduty", json.dumps(trigger | {"event_action": "acknowledge"}).encode(), query="?site=us"
    )  # fmt: skip
    await world.settled()
    assert len(monitoring.cards) == 6
    assert ["Acknowledged where" in words_of(card) for card in monitoring.cards if "Disk" in card.text] == [False, True]

"""Sites: two clusters with the same rules do not touch each other's alerts."""

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
    """Posts a whole group as this site's Alertmanager; site '' = none in the URL."""
    content = notification(*alerts) | {"truncatedAlerts": 0} | more
    query = f"?site={site}" if site else ""
    reply = await monitoring.sends("alertmanager", json.dumps(content).encode(), query=query)
    assert (reply.status, reply.body["accepted"]) == (202, len(alerts))
    await world.settled()


def headlines(monitoring: Monitoring) -> list[str]:
    return [card.text for card in monitoring.cards]


async def test_a_resolve_from_one_site_does_not_resolve_the_others_alert(world: World, monitoring: Monitoring) -> None:
    for site in ("eu", "us", ""):
        await told(world, monitoring, site, alert("DiskFull"))
    assert len(monitoring.cards) == 3
    assert [name for name in ("eu", "us") if f"site* {name}" in "".join(map(words_of, monitoring.cards))] == [
        "eu",
        "us",
    ]

    await told(world, monitoring, "eu", alert("DiskFull", status="resolved"))
    assert [text.split()[1] for text in headlines(monitoring)] == ["*Resolved*", "*Medium*", "*Medium*"]


async def test_a_whole_group_from_one_site_does_not_resolve_the_others_alerts(
    world: World, monitoring: Monitoring
) -> None:
    """With external labels the alerts differ while the group keys are equal."""
    await told(world, monitoring, "eu", alert("DiskFull", cluster="eu"))
    await world.passes(minutes=5)
    await told(world, monitoring, "us", alert("DiskFull", cluster="us"))
    assert [text.split()[1] for text in headlines(monitoring)] == ["*Medium*", "*Medium*"]


async def test_both_members_of_a_sites_pair_report_one_alert(world: World, monitoring: Monitoring) -> None:
    for member in ("a", "b"):
        await told(world, monitoring, "eu", alert("DiskFull"), externalURL=f"http://{member}.example.com")
    assert "Seen 2 times" in monitoring.words


async def test_rules_and_silences_match_the_site(world: World, monitoring: Monitoring) -> None:
    await told(world, monitoring, "lab", alert("NodeDown", severity="critical"))
    assert headlines(monitoring)[0].split()[1] == "*Low*"
    await world.eve.types("/health silence site=lab 1h rebuilding it", "#general")
    await world.settled()
    assert "Silenced by" in monitoring.words


async def test_every_sources_keys_are_scoped_to_their_site(world: World, monitoring: Monitoring) -> None:
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
    assert ["Acknowledged at its source" in words_of(card) for card in monitoring.cards if "Disk" in card.text] == [
        False,
        True,
    ]

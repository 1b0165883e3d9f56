"""Slack's rate limit during an alert storm: what is new is shown first, and every card catches up."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.domain.alerts.received import ReceivedAlert
from tests.stories.alerts.monitoring import WITH_ALERTS, Monitoring, watched
from tests.world import World, words_of

# Alphabetically first, so they are looked at before the alerts below.
THINGS = [ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low") for number in range(60)]
OF_A_GROUP = ReceivedAlert("First host", True, "host-1", severity="low", group="z hosts")
GRAVER = ReceivedAlert("Queue", True, "z queue", severity="low")


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def edited(world: World) -> list[str]:
    return [sent.text or "" for sent in world.sent_since() if sent.method == "chat.update"]


async def test_among_hundreds_of_new_alerts_those_that_page_are_shown_first_and_the_rest_at_slacks_rate(
    world: World, monitoring: Monitoring
) -> None:
    many = [
        replace(one, title=f"{one.title}.{half}", fingerprint=f"{one.fingerprint}.{half}")
        for one in THINGS
        for half in "ab"
    ]
    await world.house.alerts.receive("generic", [*many, replace(GRAVER, severity="critical")])
    await world.settled()
    at_once = [card.text for card in monitoring.cards]
    assert len(at_once) < len(many) / 2
    assert [text for text in at_once if "Queue" in text], "what is about to page somebody waits for nothing"

    await world.passes(seconds=20)
    assert len(monitoring.cards) == len(many) + 1


async def test_among_hundreds_of_alerts_higher_severities_deeds_and_cancelled_pages_are_shown_at_once(
    world: World, monitoring: Monitoring
) -> None:
    many = [replace(one, fingerprint=f"{one.fingerprint}.{part}") for one in THINGS for part in range(5)]
    pages = replace(GRAVER, title="Payments", fingerprint="payments", severity="critical")
    await world.house.alerts.receive("generic", [*many, pages, GRAVER])
    await world.passes(seconds=40)
    [paging] = [card for card in monitoring.cards if "Payments" in card.text]
    assert len(monitoring.cards) == len(many) + 2 and "will be paged" in words_of(paging)

    worse = [replace(one, severity="warning") for one in many]
    told = [*worse, replace(pages, firing=False), replace(GRAVER, severity="error")]
    await world.house.alerts.receive("generic", told)
    await world.settled()
    assert [card.text for card in monitoring.cards if card.text.startswith("🟠")] == ["🟠 *High* Queue"]
    assert "will be paged" not in words_of(paging), "nobody will"

    waiting = [card for card in monitoring.cards if card.text.startswith("🔵")]
    assert len(waiting) > len(many) / 2
    await world.ben.presses("Acknowledge", waiting[-1])
    await world.settled()
    assert waiting[-1].text.startswith("🟡") and "👀" in words_of(waiting[-1])
    await world.passes(minutes=1)
    assert not [card for card in monitoring.cards if card.text.startswith("🔵")]


async def test_a_change_is_shown_at_once_among_hundreds_of_alerts_that_only_keep_firing(
    world: World, monitoring: Monitoring
) -> None:
    partner = replace(OF_A_GROUP, title="Second host", fingerprint="host-2")
    third = replace(OF_A_GROUP, title="Third host", fingerprint="host-3", group="z others")
    fourth = replace(third, title="Fourth host", fingerprint="host-4")
    await world.house.alerts.receive("generic", [*THINGS, OF_A_GROUP, third, fourth, GRAVER])
    await world.passes(seconds=10)
    edited(world)
    # One joins a group, one of two resolves, and one becomes more severe.
    news = [partner, OF_A_GROUP, third, replace(fourth, firing=False), replace(GRAVER, severity="high")]
    await world.house.alerts.receive("generic", [*THINGS, *news])
    await world.settled()
    shown = edited(world)
    assert len(shown) < len(THINGS)
    for title in ("First host and 1 more", "Third host", "High* Queue"):
        assert [said for said in shown if title in said], title


async def test_a_resolved_incidents_card_is_updated_before_the_alert_cards_slack_rate_limited(
    world: World, monitoring: Monitoring
) -> None:
    await world.ada.types("/incident declare P3 Payments failing")
    await world.house.alerts.receive("generic", THINGS)
    await world.passes(seconds=1)
    world.workspace.faults.limit("chat.update", retry_after=30, times=None)
    for _ in range(8):
        await world.house.alerts.receive("generic", THINGS)
        await world.passes(seconds=31)
    await world.house.alerts.receive("generic", [replace(one, firing=False) for one in THINGS])
    await world.ada.types("/incident resolve INC-1 It works again")
    await world.passes(seconds=31)
    world.workspace.faults.clear()
    edited(world)

    await world.passes(seconds=31)
    shown = edited(world)
    assert [said for said in shown[:3] if "✅" in said and "Payments failing" in said], shown
    await world.passes(minutes=2)
    assert all("Resolved" in card.text for card in monitoring.cards), "and nobody waits for longer than the line"

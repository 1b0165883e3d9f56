"""Truncated notifications, alerts no longer listed, and which episode of an alert a notification is about."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, notification, watched
from tests.world import World, words_of

FIRST, SECOND = "2026-08-06T13:00:00Z", "2026-08-06T13:40:00Z"


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def whole(*alerts: dict[str, Any], cut: int = 0) -> dict[str, Any]:
    """A group as Alertmanager sends it: whole, except for `cut` truncated alerts."""
    return notification(*alerts) | {"truncatedAlerts": cut}


def sites(*hosts: str, **more: str) -> list[dict[str, Any]]:
    return [alert("SiteDown", severity="critical", host=host, **more) for host in hosts]


def episode(status: str, begins: str, ends: str = "0001-01-01T00:00:00Z") -> dict[str, Any]:
    return alert("DiskFull", status=status) | {"startsAt": begins, "endsAt": ends}


async def close(world: World, monitoring: Monitoring) -> None:
    await world.ben.presses("Close", monitoring.card)
    await world.settled()


async def test_a_group_is_not_resolved_while_some_of_its_alerts_are_truncated(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b"), cut=1900))
    assert "1900 more alerts are not shown" in monitoring.words

    await monitoring.tells("alertmanager", whole(*sites("a", "b", status="resolved"), cut=1900))
    assert "Resolved" not in monitoring.card.text
    assert "1900 more alerts are not shown" in monitoring.words

    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_a_truncated_group_resolves_once_all_its_alerts_are_listed(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b"), cut=1))
    await monitoring.tells("alertmanager", whole(*sites("a", "b", "c", status="resolved")))
    assert monitoring.card.text.startswith("✅ *Resolved* ")
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_a_card_that_cannot_resolve_by_itself_is_closed_by_a_person(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a"), cut=7))
    assert "Close" not in world.ben.labels(monitoring.card)
    await monitoring.tells("alertmanager", whole(*sites("a", status="resolved"), cut=7))
    await close(world, monitoring)

    assert monitoring.card.text.startswith("✅ *Closed* ")
    assert "Closed by <@U0BEN>" in monitoring.words
    assert world.ben.labels(monitoring.card) == []
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_a_firing_alert_must_be_acknowledged_before_it_is_closed(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("generic", {"title": "No end is ever told", "status": "firing"})
    assert "Close" not in world.ben.labels(monitoring.card)
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await close(world, monitoring)
    assert monitoring.card.text.startswith("✅ *Closed* ")

    await monitoring.tells("generic", {"title": "No end is ever told", "status": "firing"})
    assert len(monitoring.cards) == 2


async def test_an_incidents_room_learns_that_its_alert_was_closed_by_hand(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DatabaseDown", severity="critical"))
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await close(world, monitoring)
    assert any("closed by Ben Moss" in words for words in world.said_in(world.room()))


async def test_an_alert_its_group_no_longer_lists_pages_nobody(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await world.passes(minutes=2)
    await monitoring.tells("alertmanager", whole(*sites("a")))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad"

    await monitoring.tells("alertmanager", whole(*sites("a", status="resolved")))
    assert "Resolved or silenced" in monitoring.card.text
    assert "silenced in Alertmanager" in monitoring.words
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_an_older_notification_that_arrives_late_resolves_no_alert_that_fired_since(
    world: World, monitoring: Monitoring
) -> None:
    """Retried after an error, or sent by the other of a pair, which has not seen the new alert."""
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await world.passes(seconds=59)
    await monitoring.tells("alertmanager", whole(*sites("a")))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_an_unlisted_alert_is_not_resolved_when_the_notification_was_truncated(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await monitoring.tells("alertmanager", whole(*sites("a"), cut=1))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_a_notification_does_not_resolve_the_alerts_of_another_group(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a")))
    await monitoring.tells("alertmanager", whole(alert("DiskFull")))
    assert [card.text.split()[0] for card in monitoring.cards] == ["🔴", "🟡"]


async def test_an_alert_silenced_in_alertmanager_fires_again_when_it_is_listed_again(
    world: World, monitoring: Monitoring
) -> None:
    for told in (sites("a", "b"), sites("a"), sites("a", "b")):
        await monitoring.tells("alertmanager", whole(*told))
        await world.passes(minutes=1)
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_the_end_of_a_former_episode_does_not_resolve_the_current_one(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(episode("firing", SECOND))
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    assert monitoring.card.text == "🟡 *Medium* DiskFull is bad"

    # The other of a pair may report another start: an end after our start resolves it.
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:50:00Z"))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_a_late_firing_of_an_ended_episode_does_not_reopen_it(world: World, monitoring: Monitoring) -> None:
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await monitoring.fires(told)
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"
    assert "episode that has ended" in monitoring.words

    await monitoring.fires(episode("firing", SECOND))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def test_a_resolve_that_arrives_before_its_firing_counts(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await monitoring.fires(episode("firing", FIRST))
    assert monitoring.cards == []


async def test_a_source_that_still_reports_an_ended_episode_after_five_minutes_is_believed(
    world: World, monitoring: Monitoring
) -> None:
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await monitoring.fires(told)
    await world.passes(minutes=5)
    await monitoring.fires(episode("firing", FIRST))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def told_by(monitoring: Monitoring, which: str, *alerts: dict[str, Any]) -> None:
    await monitoring.tells("alertmanager", notification(*alerts) | {"externalURL": f"http://{which}.example.com"})


async def test_the_alertmanager_that_reported_the_end_is_believed_when_it_fires_with_the_old_start_again(
    world: World, monitoring: Monitoring
) -> None:
    """It merges an alert that fires again within the interval into the earlier one, keeping its start."""
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await told_by(monitoring, "first", told)
        await world.passes(seconds=30)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]

    # The other one of the pair repeats the former episode's end.
    await told_by(monitoring, "second", over)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]
    await told_by(monitoring, "first", over)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "✅"]


async def test_an_ended_firing_repeated_by_the_other_of_a_pair_is_merely_late(
    world: World, monitoring: Monitoring
) -> None:
    await told_by(monitoring, "first", episode("firing", FIRST))
    await told_by(monitoring, "first", episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await told_by(monitoring, "second", episode("firing", FIRST))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def disputed(world: World, monitoring: Monitoring) -> None:
    """Prometheus reaches only the first, so at the second the alert times out: their reports contradict."""
    await told_by(monitoring, "first", episode("firing", FIRST))
    await told_by(monitoring, "second", episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await told_by(monitoring, "first", episode("firing", FIRST))
    assert "still reports it firing" in monitoring.words


async def test_an_alert_only_one_of_a_pair_calls_resolved_fires_again(world: World, monitoring: Monitoring) -> None:
    await disputed(world, monitoring)
    await world.passes(minutes=4, seconds=59)
    assert len(monitoring.cards) == 1
    await world.passes(seconds=1)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]
    assert "still reports it firing" not in words_of(monitoring.cards[0])

    await told_by(monitoring, "first", episode("resolved", FIRST, "2026-08-06T14:06:00Z"))
    await world.passes(minutes=10)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "✅"]


@pytest.mark.parametrize("how", ["told over", "no longer listed"])
async def test_an_alert_both_of_a_pair_finally_call_resolved_stays_resolved(
    world: World, monitoring: Monitoring, how: str
) -> None:
    await disputed(world, monitoring)
    over = episode("resolved", FIRST, "2026-08-06T13:20:00Z")
    last = whole(over) if how == "told over" else whole(alert("Other")) | {"groupKey": notification(over)["groupKey"]}
    await monitoring.tells("alertmanager", last | {"externalURL": "http://first.example.com"})
    assert "still reports it firing" not in words_of(monitoring.cards[0])
    await world.passes(minutes=10)
    assert monitoring.cards[0].text.startswith("✅")
    assert not any("DiskFull" in card.text for card in monitoring.cards[1:])


async def test_a_start_from_a_clock_far_ahead_does_not_keep_an_alert_open(world: World, monitoring: Monitoring) -> None:
    now = world.clock.now()
    ahead, ends = (now + timedelta(days=2)).isoformat(), (now + timedelta(minutes=3)).isoformat()
    await told_by(monitoring, "ahead", episode("firing", ahead))
    await world.passes(minutes=4)
    await told_by(monitoring, "ahead", episode("firing", ahead))
    await told_by(monitoring, "right", episode("resolved", (now - timedelta(minutes=1)).isoformat(), ends))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_an_end_from_a_clock_far_ahead_does_not_hold_back_the_next_episode(
    world: World, monitoring: Monitoring
) -> None:
    now = world.clock.now()
    began, ends = (now - timedelta(minutes=1)).isoformat(), (now + timedelta(days=2)).isoformat()
    await told_by(monitoring, "right", episode("firing", began))
    await told_by(monitoring, "ahead", episode("resolved", began, ends))
    await world.passes(minutes=2)
    await told_by(monitoring, "right", episode("firing", (now + timedelta(minutes=1)).isoformat()))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def test_an_end_from_a_clock_far_behind_still_resolves_its_own_episode(
    world: World, monitoring: Monitoring
) -> None:
    await told_by(monitoring, "right", episode("firing", SECOND))
    await told_by(monitoring, "behind", episode("resolved", SECOND, FIRST))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_a_truncated_list_shows_the_most_severe_and_the_unacknowledged_alerts_first(
    world: World, monitoring: Monitoring
) -> None:
    many = [alert("QueueGrows", host=f"db-{number:02}") for number in range(11)]
    await monitoring.fires(*many, group="disks")
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await world.passes(minutes=1)
    late = [alert("QueueGrows", host="late"), alert("QueueGrows", severity="critical", host="grave")]
    await monitoring.fires(*late, group="disks")

    lines = [line for line in words_of(monitoring.card).splitlines() if line.startswith("•")]
    assert ["grave" in lines[0], "late" in lines[1], len(lines)] == [True, True, 10]
    assert "and 3 more" in monitoring.words


@pytest.mark.parametrize(
    ("severity", "declared"), [("critical", "P1"), ("error", "P2"), ("warning", "P2"), ("info", "P3")]
)
async def test_declaring_uses_the_levels_severity_and_the_form_says_so_first(
    world: World, monitoring: Monitoring, severity: str, declared: str
) -> None:
    await monitoring.fires(alert("QueueGrows", severity=severity))
    assert f"declares {declared}" in monitoring.words
    await world.eve.presses("Declare incident", monitoring.card)
    await world.settled()
    assert (await world.house.incidents.find("INC-1")).severity == declared


async def test_an_alert_whose_severity_is_page_is_critical(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="page"))
    assert monitoring.card.text.startswith("🔴 *Critical*")

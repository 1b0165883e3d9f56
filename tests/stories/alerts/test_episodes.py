"""What a notification cut, what it no longer lists, and which episode it is about."""

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
    """As Alertmanager sends a group: all of it, except for so many that it cut."""
    return notification(*alerts) | {"truncatedAlerts": cut}


def sites(*hosts: str, **more: str) -> list[dict[str, Any]]:
    return [alert("SiteDown", severity="critical", host=host, **more) for host in hosts]


def episode(status: str, begins: str, ends: str = "0001-01-01T00:00:00Z") -> dict[str, Any]:
    return alert("DiskFull", status=status) | {"startsAt": begins, "endsAt": ends}


async def close(world: World, monitoring: Monitoring) -> None:
    await world.ben.presses("Close", monitoring.card)
    await world.settled()


async def test_a_group_is_not_over_while_a_part_of_it_is_not_shown(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b"), cut=1900))
    assert "1900 more alerts are not shown" in monitoring.words

    await monitoring.tells("alertmanager", whole(*sites("a", "b", status="resolved"), cut=1900))
    assert "Resolved" not in monitoring.card.text
    assert "1900 more alerts are not shown" in monitoring.words

    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_a_group_that_was_cut_is_over_when_all_of_it_is_told(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b"), cut=1))
    await monitoring.tells("alertmanager", whole(*sites("a", "b", "c", status="resolved")))
    assert monitoring.card.text.startswith("✅ *Resolved* ")
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_a_card_that_cannot_end_by_itself_is_closed_by_a_person(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a"), cut=7))
    assert "Close" not in world.ben.labels(monitoring.card)
    await monitoring.tells("alertmanager", whole(*sites("a", status="resolved"), cut=7))
    await close(world, monitoring)

    assert monitoring.card.text.startswith("✅ *Closed* ")
    assert "Closed by <@U0BEN>" in monitoring.words
    assert world.ben.labels(monitoring.card) == []
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_what_fires_is_acknowledged_before_it_is_closed(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("generic", {"title": "No end is ever told", "status": "firing"})
    assert "Close" not in world.ben.labels(monitoring.card)
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await close(world, monitoring)
    assert monitoring.card.text.startswith("✅ *Closed* ")

    await monitoring.tells("generic", {"title": "No end is ever told", "status": "firing"})
    assert len(monitoring.cards) == 2


async def test_the_room_of_an_incident_hears_that_its_alert_was_closed_by_hand(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(alert("DatabaseDown", severity="critical"))
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await close(world, monitoring)
    assert any("closed by Ben Moss" in words for words in world.said_in(world.room()))


async def test_what_its_group_no_longer_lists_pages_nobody(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await world.passes(minutes=2)
    await monitoring.tells("alertmanager", whole(*sites("a")))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad"

    await monitoring.tells("alertmanager", whole(*sites("a", status="resolved")))
    assert "Resolved or silenced" in monitoring.card.text
    assert "silenced in Alertmanager" in monitoring.words
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []


async def test_an_older_listing_that_comes_late_ends_nothing_that_has_fired_since(
    world: World, monitoring: Monitoring
) -> None:
    """Repeated after an error, or by the other of a pair, which has not seen what is new."""
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await world.passes(seconds=59)
    await monitoring.tells("alertmanager", whole(*sites("a")))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_what_was_cut_may_be_what_is_not_listed(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a", "b")))
    await monitoring.tells("alertmanager", whole(*sites("a"), cut=1))
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_another_group_does_not_end_what_it_does_not_list(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("alertmanager", whole(*sites("a")))
    await monitoring.tells("alertmanager", whole(alert("DiskFull")))
    assert [card.text.split()[0] for card in monitoring.cards] == ["🔴", "🟡"]


async def test_what_was_silenced_there_fires_anew_when_it_is_listed_again(world: World, monitoring: Monitoring) -> None:
    for told in (sites("a", "b"), sites("a"), sites("a", "b")):
        await monitoring.tells("alertmanager", whole(*told))
        await world.passes(minutes=1)
    assert monitoring.card.text == "🔴 *Critical* SiteDown is bad and 1 more"


async def test_an_old_end_does_not_end_what_fires_anew(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(episode("firing", SECOND))
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    assert monitoring.card.text == "🟡 *Medium* DiskFull is bad"

    # Another of a pair may have another beginning: what ends later ends it.
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:50:00Z"))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_an_old_firing_does_not_open_what_is_over(world: World, monitoring: Monitoring) -> None:
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await monitoring.fires(told)
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"
    assert "episode that has ended" in monitoring.words

    await monitoring.fires(episode("firing", SECOND))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def test_an_end_that_comes_before_its_beginning_counts(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await monitoring.fires(episode("firing", FIRST))
    assert monitoring.cards == []


async def test_a_source_that_insists_is_believed(world: World, monitoring: Monitoring) -> None:
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await monitoring.fires(told)
    await world.passes(minutes=5)
    await monitoring.fires(episode("firing", FIRST))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def told_by(monitoring: Monitoring, which: str, *alerts: dict[str, Any]) -> None:
    await monitoring.tells("alertmanager", notification(*alerts) | {"externalURL": f"http://{which}.example.com"})


async def test_an_alertmanager_that_told_an_end_is_believed_when_it_tells_the_old_beginning_again(
    world: World, monitoring: Monitoring
) -> None:
    """It merges what fires again within the interval of an earlier alert with that one, and keeps its beginning."""
    over = episode("resolved", FIRST, "2026-08-06T13:30:00Z")
    for told in (episode("firing", FIRST), over, episode("firing", FIRST)):
        await told_by(monitoring, "first", told)
        await world.passes(seconds=30)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]

    # The other of the pair repeats the end of the former episode.
    await told_by(monitoring, "second", over)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]
    await told_by(monitoring, "first", over)
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "✅"]


async def test_the_other_of_a_pair_that_tells_an_old_firing_is_late(world: World, monitoring: Monitoring) -> None:
    await told_by(monitoring, "first", episode("firing", FIRST))
    await told_by(monitoring, "first", episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await told_by(monitoring, "second", episode("firing", FIRST))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def disputed(world: World, monitoring: Monitoring) -> None:
    """Prometheus reaches only the first: for the second the alert times out. Each hears of the other's notification."""
    await told_by(monitoring, "first", episode("firing", FIRST))
    await told_by(monitoring, "second", episode("resolved", FIRST, "2026-08-06T13:30:00Z"))
    await told_by(monitoring, "first", episode("firing", FIRST))
    assert "still reports it firing" in monitoring.words


async def test_what_one_of_a_pair_calls_over_and_the_other_does_not_fires_again(
    world: World, monitoring: Monitoring
) -> None:
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
async def test_what_both_of_a_pair_call_over_in_the_end_stays_over(
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


async def test_a_clock_that_is_far_ahead_leaves_no_alert_open(world: World, monitoring: Monitoring) -> None:
    now = world.clock.now()
    ahead, ends = (now + timedelta(days=2)).isoformat(), (now + timedelta(minutes=3)).isoformat()
    await told_by(monitoring, "ahead", episode("firing", ahead))
    await world.passes(minutes=4)
    await told_by(monitoring, "ahead", episode("firing", ahead))
    await told_by(monitoring, "right", episode("resolved", (now - timedelta(minutes=1)).isoformat(), ends))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_an_end_by_a_clock_that_is_far_ahead_holds_nothing_back(world: World, monitoring: Monitoring) -> None:
    now = world.clock.now()
    began, ends = (now - timedelta(minutes=1)).isoformat(), (now + timedelta(days=2)).isoformat()
    await told_by(monitoring, "right", episode("firing", began))
    await told_by(monitoring, "ahead", episode("resolved", began, ends))
    await world.passes(minutes=2)
    await told_by(monitoring, "right", episode("firing", (now + timedelta(minutes=1)).isoformat()))
    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🟡"]


async def test_an_end_by_a_clock_that_is_far_behind_ends_its_own_episode(world: World, monitoring: Monitoring) -> None:
    await told_by(monitoring, "right", episode("firing", SECOND))
    await told_by(monitoring, "behind", episode("resolved", SECOND, FIRST))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"


async def test_a_list_that_is_cut_shows_what_is_gravest_and_unanswered(world: World, monitoring: Monitoring) -> None:
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
async def test_declaring_takes_the_severity_of_the_level_and_says_so_before(
    world: World, monitoring: Monitoring, severity: str, declared: str
) -> None:
    await monitoring.fires(alert("QueueGrows", severity=severity))
    assert f"declares {declared}" in monitoring.words
    await world.eve.presses("Declare incident", monitoring.card)
    await world.settled()
    assert (await world.house.incidents.find("INC-1")).severity == declared


async def test_what_pages_elsewhere_is_critical_here(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="page"))
    assert monitoring.card.text.startswith("🔴 *Critical*")

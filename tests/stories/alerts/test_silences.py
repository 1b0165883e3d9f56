"""Silences: what they mute, what they leave alone, and how they end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import psycopg
import pytest

from bot.domain.actor import TOCSIN
from bot.domain.alerts.silence import selected
from bot.domain.errors import Refused
from commands.health.silences import split
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, watched
from tests.stories.asking import told
from tests.world import World

HOUR = timedelta(hours=1)
NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def says(world: World, text: str) -> str:
    answer = await world.ben.types(text)
    await world.settled()
    return told(answer)


async def test_alerts_a_silence_selects_are_not_shown_and_page_nobody_until_it_ends(
    world: World, monitoring: Monitoring
) -> None:
    assert "until" in await says(world, "/health silence instance=db-* 2h upgrade of the database")
    assert "upgrade of the database" in monitoring.about_silences[0] and "Ben Moss" in monitoring.about_silences[0]
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1"))
    await monitoring.fires(alert("Other", instance="web-1"))
    await world.passes(minutes=119, seconds=59)
    assert [card.text for card in monitoring.cards] == ["🟡 *Medium* Other is bad"]
    assert world.pages_of("ada") == []

    await world.passes(seconds=1)
    assert [card.text for card in monitoring.cards][1:] == ["🔴 *Critical* SiteDown is bad"]
    assert "It muted 1 alert; 1 still firing" in monitoring.about_silences[-1]
    assert len(world.pages_of("ada")) == 1, "the page that was held back"


async def test_an_existing_card_says_who_muted_it_why_and_until_when(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull", host="a"))
    await says(world, "/health silence alertmanager 1h moving house")
    assert "Silenced by Ben Moss" in monitoring.words and "moving house" in monitoring.words


async def test_a_group_is_muted_only_while_each_of_its_alerts_is(world: World, monitoring: Monitoring) -> None:
    await says(world, "/health silence host=a 1h")
    await monitoring.fires(alert("DiskFull", host="a"), alert("DiskFull", host="b"))
    assert len(monitoring.cards) == 1


async def test_a_silence_that_ends_early_shows_at_once_what_it_held_back(world: World, monitoring: Monitoring) -> None:
    await says(world, "/health silence alertname=SiteDown 4h")
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.passes(minutes=30)
    answer = await world.ada.types("/health silences")
    await world.settled()
    assert "1 alert muted, 1 still firing" in told(answer)
    await world.ada.presses("End now", answer.messages[-1])
    await world.settled()
    assert len(monitoring.cards) == 1 and len(world.pages_of("ada")) == 1
    assert "ended by Ada Obi" in monitoring.about_silences[-1]
    assert "Nothing is silenced" in await says(world, "/health silences")


async def test_alerts_that_fired_before_a_silence_count_as_muted_by_it(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.passes(minutes=1)
    await says(world, "/health silence alertname=*Down* 1h")
    assert "1 alert muted, 1 still firing" in await says(world, "/health silences")
    await world.passes(hours=1)
    assert "muted 1 alert; 1 still firing" in monitoring.about_silences[-1]
    # Inside bold, Slack would read the asterisks as markup.
    assert "`alertname=*Down*`" in monitoring.about_silences[-1]


async def test_after_a_silence_ends_people_still_have_time_to_acknowledge_before_a_page(
    world: World, monitoring: Monitoring
) -> None:
    await says(world, "/health silence alertname=SiteDown 10m")
    await world.passes(minutes=8)
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.passes(minutes=2)
    assert len(monitoring.cards) == 1 and not world.pages_of("ada")
    await world.passes(minutes=2, seconds=59)
    assert not world.pages_of("ada")
    await world.passes(seconds=1)
    assert len(world.pages_of("ada")) == 1


async def test_the_answer_says_how_many_firing_alerts_a_silence_mutes(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull", host="a"), alert("DiskFull", host="b"))
    assert "Nothing firing now matches" in await says(world, "/health silence hosst=a 1h")
    assert "Mutes nothing yet" in await says(world, "/health silence host=a 1h"), "its card has another"
    assert "Mutes 1 alert firing now" in await says(world, "/health silence host=b 1h"), "now all of the card is muted"
    assert "Mutes 2 alerts firing now" in await says(world, "/health silence alertname=Disk* 1h")


async def test_each_silence_counts_what_it_muted(world: World, monitoring: Monitoring) -> None:
    await says(world, "/health silence host=a 1h")
    await says(world, "/health silence alertname=DiskFull 2h")
    await monitoring.fires(alert("DiskFull", host="a"))
    await world.passes(hours=2)
    ends = [words for words in monitoring.about_silences if "Silence ended" in words]
    assert len(ends) == 2 and all("It muted 1 alert" in words for words in ends)


async def test_a_silence_does_not_count_alerts_on_its_card_that_it_does_not_match(
    world: World, monitoring: Monitoring
) -> None:
    await says(world, "/health silence host=a,title=Disk* 1h")
    await says(world, "/health silence host=b,severity=warning 2h")
    several = [alert("DiskFull", host=host, pod=pod) for host, pod in ("a1", "b2", "b3")]
    await world.passes(minutes=1)
    await monitoring.fires(*several)
    await monitoring.fires(*several, alert("DiskFull", host="c"))
    assert len(monitoring.cards) == 1, "one that nobody has silenced"
    listed = await says(world, "/health silences")
    assert "1 alert muted, 1 still firing" in listed and "2 alerts muted, 2 still firing" in listed
    briefly = alert("DiskFull", host="a", pod="4")
    await monitoring.fires(*several, briefly)
    gone = [one | {"status": "resolved"} for one in (briefly, alert("DiskFull", host="c"))]
    await monitoring.fires(*several, *gone)
    await world.passes(hours=2)
    ends = [words for words in monitoring.about_silences if "Silence ended" in words]
    assert "It muted 1 alert; 1 still firing" in ends[0] and "It muted 2 alerts; 2 still firing" in ends[1]


async def test_a_card_under_two_silences_is_updated_when_either_ends_early(
    world: World, monitoring: Monitoring
) -> None:
    await says(world, "/health silence host=a 1h")
    made = await world.ben.types("/health silence host=b 2h")
    await monitoring.fires(alert("DiskFull", host="a"), alert("DiskFull", host="b"))
    assert not monitoring.cards
    await world.ben.presses("End now", made.messages[-1])
    await world.settled()
    assert len(monitoring.cards) == 1


async def test_a_cards_silence_can_be_ended_on_the_card(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.ben.presses("Declare incident", monitoring.card)
    await world.settled()
    await world.ben.presses("Silence", monitoring.card)
    await world.settled()
    await world.ben.submits()
    await world.settled()
    assert world.ben.labels(monitoring.card) == ["Acknowledge", "End silence", "Show raw"]

    await world.ben.presses("End silence", monitoring.card)
    await world.settled()
    assert "Silence" in world.ben.labels(monitoring.card) and "Silenced by" not in monitoring.words
    assert "It muted 1 alert; 1 still firing" in monitoring.about_silences[-1]
    assert "Nothing is silenced" in await says(world, "/health silences")


async def test_a_button_extends_a_silence_by_half_an_hour(world: World, monitoring: Monitoring) -> None:
    answer = await world.ben.types("/health silence alertname=Noise 30m")
    await world.settled()
    await world.ben.presses("+30 min", answer.messages[-1])
    await world.settled()
    await monitoring.fires(alert("Noise"))
    await world.passes(minutes=59, seconds=59)
    assert not monitoring.cards
    await world.passes(seconds=1)
    assert len(monitoring.cards) == 1


async def test_health_and_the_app_home_list_silences(world: World) -> None:
    await says(world, "/health silence instance=db-1 2h")
    assert "instance=db-1" in await says(world, "/health")
    await world.ada.opens_home()
    await world.settled()
    home = world.ada.home()
    assert home is not None and "instance=db-1" in str(home.blocks)


async def test_setting_a_clock_back_does_not_lengthen_a_silence(
    world: World, monitoring: Monitoring, database: str
) -> None:
    await says(world, "/health silence alertname=Noise 1h")
    await monitoring.fires(alert("Noise"))
    # As if written by a clock that was a day ahead.
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE silences SET starts_at = starts_at + '1 d', ends_at = ends_at + '1 d'")
        await conn.execute("UPDATE alert_groups SET silenced_until = silenced_until + '1 d'")

    await world.house.timekeeping.put_right()
    await world.passes(minutes=59, seconds=59)
    assert not monitoring.cards
    await world.passes(seconds=1)
    assert len(monitoring.cards) == 1


@pytest.mark.parametrize("typed", ["", "instance=db-1", "nothing 2h", "instance= 2h", "=x 2h", "instance=db-1 99w"])
async def test_an_invalid_silence_is_refused_with_an_example(world: World, typed: str) -> None:
    assert await says(world, f"/health silence {typed}")
    assert "Nothing is silenced" in await says(world, "/health silences")


@pytest.mark.parametrize(
    ("typed", "selector", "duration", "why"),
    [
        ("website 2h deploy of v2", "website", 2 * HOUR, "deploy of v2"),
        ("website 30 min", "website", HOUR / 2, ""),
        ('summary="two words" 1h', 'summary="two words"', HOUR, ""),
        ("a=b,c=d* 90m why not", "a=b,c=d*", HOUR * 1.5, "why not"),
    ],
)
def test_a_silence_is_a_selector_a_duration_and_a_reason(
    typed: str, selector: str, duration: timedelta, why: str
) -> None:
    assert split(typed) == (selector, duration, why)


def test_a_selector_names_a_check_a_source_or_labels() -> None:
    assert selected("website", ["website"], ["grafana"]) == {"source": "health", "check": "website"}
    assert selected("grafana", ["website"], ["grafana"]) == {"source": "grafana"}
    assert selected("a = b* , c='d e'", [], []) == {"a": "b*", "c": "d e"}
    with pytest.raises(Refused, match="website, grafana"):
        selected("webs", ["website"], ["grafana"])


async def test_people_who_may_not_silence_can_neither_start_extend_nor_end_one(new_world: NewWorld) -> None:
    allowed = WITH_ALERTS + "permissions: {alert.silence: [ben]}\n"
    async with new_world(runbook=allowed, ALERTS_TOKEN=TOKEN) as world:
        made = await world.ben.types("/health silence alertname=Noise 30m")
        await world.settled()
        refused = await world.ada.types("/health silence alertname=Other 30m")
        await world.settled()
        assert "The runbook lets only these people do that" in told(refused)
        listed = await world.ada.types("/health silences")
        await world.settled()
        for label in ("End now", "+30 min"):
            answer = await world.ada.presses(label, listed.messages[-1])
            await world.settled()
            assert "The runbook lets only these people do that" in told(answer)
        assert "alertname=Noise" in told(made)


async def test_a_deploy_script_silences_and_ends_it_from_a_shell(world: World, monitoring: Monitoring) -> None:
    made = await world.house.silences.of_selected(TOCSIN, {"source": "alertmanager"}, "alertmanager", HOUR, "deploy")
    await monitoring.fires(alert("Noise"))
    assert not monitoring.cards
    ended = await world.house.silences.end(TOCSIN, made.id)
    await world.settled()
    assert ended.muted == 1 and len(monitoring.cards) == 1

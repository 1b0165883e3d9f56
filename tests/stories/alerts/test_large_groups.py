"""A group of 500 alerts with long texts: every place that shows it stays within its limits and counts the rest."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.sandbox.model import Message
from bot.slack.blocks import MESSAGE_LENGTH
from tests.mail_server import post_office
from tests.sources.test_pagerduty import EVENT
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, notification, watched
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
COUNT = 500


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def large(number: int, **more: str) -> dict[str, Any]:
    return alert("ShopDown", severity="critical", host=f"db-{number:03} " + "&" * 400, **more) | {
        "annotations": {
            "summary": f"ShopDown {number:03} " + "<&>" * 100,
            "description": "*&_ " * (10_000 if number < 10 else 10),
            "runbook_url": "https://runbooks.example.com/" + "r" * 1_970,
        },
        "generatorURL": "https://prometheus.example.com/" + "g" * 1_970,
    }


async def told(monitoring: Monitoring, *alerts: dict[str, Any]) -> None:
    content = notification(*alerts, group="g")
    reply = await monitoring.sends("alertmanager", json.dumps(content).encode())
    assert (reply.status, reply.body["accepted"]) == (202, len(alerts))


@pytest.fixture
async def stormy(world: World, monitoring: Monitoring) -> World:
    """A world in which all 500 have fired for a minute."""
    own = {f"label{number}": "v" * 600 for number in range(12)}
    await told(monitoring, *(large(number, **own) for number in range(10)))
    await world.passes(minutes=1)
    for start in range(10, COUNT, 170):
        await told(monitoring, *map(large, range(start, min(start + 170, COUNT))))
    await world.passes(seconds=10)
    return world


def length(message: Message) -> int:
    """The length of everything readable in it, as Slack counts it."""
    texts = [text for block in message.blocks or [] for text in [*block.get("fields", []), block.get("text", {})]]
    return sum(len(text.get("text", "")) for text in texts)


def assert_inside(world: World, *messages: Message) -> None:
    """Slack refused nothing, and no message is so long that Slack would truncate it silently."""
    assert [str(one) for one in world.workspace.complaints] == []
    assert world.workspace.audit() == []
    assert all(length(one) <= MESSAGE_LENGTH for one in messages)


async def test_the_card_shows_what_matters_first_and_counts_the_rest(stormy: World, monitoring: Monitoring) -> None:
    card = monitoring.card
    assert_inside(stormy, card)
    assert card.text.endswith("and 499 more")
    words = monitoring.words
    assert "will be paged" in words.partition("•")[0]
    assert "and 490 more" in words or "more lines" in words
    assert "|Open>" in words
    [thread] = monitoring.thread(card)
    assert "and 480 more firing" in thread


async def test_common_labels_are_truncated_and_counted(world: World, monitoring: Monitoring) -> None:
    await told(monitoring, large(0, **{f"label{number:02}": "v" * 600 for number in range(30)}))
    await world.settled()
    assert_inside(world, monitoring.card)
    assert "*alertname* ShopDown" in monitoring.words
    assert "and 25 more" in monitoring.words


async def test_many_long_links_are_all_shown(world: World, monitoring: Monitoring) -> None:
    links = [{"href": f"https://{number}.example.com/" + "x" * 2_000, "text": f"Chart {number}"} for number in range(5)]
    event = EVENT | {"links": links, "client_url": links[0]["href"]}
    await monitoring.sends("pagerduty", json.dumps(event).encode())
    await world.settled()
    assert_inside(world, monitoring.card)
    assert [f"|Chart {number}>" in monitoring.words for number in range(4)] == [True] * 4
    assert "|Chart 4>" in monitoring.words or "more line" in monitoring.words


async def test_show_raw_shows_as_much_as_fits_in_a_modal(world: World, monitoring: Monitoring) -> None:
    await told(monitoring, *(large(number) for number in range(10)))
    await world.settled()
    await world.ada.presses("Show raw", monitoring.card)
    await world.settled()
    assert world.ada.modal()
    await monitoring.tells("generic", {"title": "A", "status": "firing", "description": "&" * 70_000})
    await world.ada.presses("Show raw", monitoring.cards[-1])
    await world.settled()
    assert "more lines" in str(world.ada.modal())
    assert_inside(world, *monitoring.cards)


async def test_pages_rooms_home_and_health_stay_within_their_limits(stormy: World, monitoring: Monitoring) -> None:
    await stormy.passes(minutes=5)
    [page] = stormy.pages_of("ada")
    assert "Acknowledge to stop paging" in words_of(page)
    room = stormy.workspace.messages(stormy.room())
    assert any("Declared from an alert" in words_of(one) for one in room)
    await stormy.eve.types("/health silence source=alertmanager 1h " + "&" * 400, "#general")
    await stormy.ada.opens_home()
    await stormy.settled()
    await stormy.eve.types("/health", "#general")
    await stormy.settled()
    assert_inside(stormy, page, monitoring.card, *room, *stormy.eve.sees("#general"))
    await told(monitoring, *(large(number) | {"status": "resolved"} for number in range(10, 100)))
    # A large group looked at a moment ago is debounced: it is looked at a second later, then its thread is posted.
    await stormy.passes(seconds=1)
    await stormy.passes(seconds=10)
    assert "and 80 more" in monitoring.thread(monitoring.card)[-1]
    assert_inside(stormy, monitoring.card)


async def test_the_mail_says_how_many_alerts_there_are(new_world: NewWorld) -> None:
    runbook = WITH_ALERTS + "  email: [alerts@example.com]\n"
    async with (
        post_office() as office,
        new_world(
            runbook=runbook,
            ALERTS_TOKEN=TOKEN,
            SMTP_URL=f"smtp://127.0.0.1:{office.port}",
            MAIL_FROM="tocsin@example.com",
        ) as world,
    ):
        async with watched(world) as monitoring:
            await told(monitoring, *(large(number) for number in range(20)))
            await world.settled()
        [letter] = office.letters
        assert letter["Subject"].endswith("and 19 more")
        assert len(letter.as_bytes()) < 100_000


async def test_alerts_that_arrive_shortly_after_a_look_are_debounced_into_the_next(
    world: World, monitoring: Monitoring
) -> None:
    await told(monitoring, *(alert("Odd", host=f"h{number}") for number in range(120)))
    await world.settled()
    assert monitoring.card.text.endswith("and 119 more")
    for number in range(120, 125):
        await told(monitoring, alert("Odd", host=f"h{number}"))
    await world.settled()
    assert monitoring.card.text.endswith("and 119 more")
    await world.passes(seconds=1)
    assert monitoring.card.text.endswith("and 124 more")
    await told(monitoring, *(alert("Odd", host=f"h{number}", status="resolved") for number in range(125)))
    await world.passes(seconds=1)
    assert "Resolved" in monitoring.words
    await told(monitoring, alert("Odd", host="h1"))
    await world.settled()
    assert len(monitoring.cards) == 2


async def test_an_alert_that_declares_an_incident_is_not_debounced(world: World, monitoring: Monitoring) -> None:
    await told(monitoring, *(alert("Odd", host=f"h{number}") for number in range(120)))
    await told(monitoring, alert("DatabaseDown", host="db-1"))
    await world.settled()
    assert len(world.pages_of("ada")) == 1

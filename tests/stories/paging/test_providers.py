"""Pages by webhook and through PagerDuty: what the bot says about them, and what follows as the incident moves on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import aiohttp
import pytest

from tests.provider import Provider, provider
from tests.stories.asking import whispered
from tests.stories.incidents.test_responsiveness import LISTENING
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def receiver() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


def by_webhook(receiver: Provider) -> str:
    """Ada is paged by her webhook only, Ben by Slack."""
    own = RUNBOOK.replace('phone: "+447700900001"', f'webhook: "{receiver.url}/page/s3cret"')
    return own.replace("who: [ada]", "who: [ada], via: [webhook]")


def by_pagerduty() -> str:
    """The first tier has two people, paged by Slack and through PagerDuty."""
    return RUNBOOK.replace("who: [ada]", "who: [ada, ben], via: [slack, pagerduty]")


def duty_settings(receiver: Provider) -> dict[str, str]:
    return {"PAGERDUTY_ROUTING_KEY": "R0UTINGKEY", "PAGERDUTY_EVENTS_URL": f"{receiver.url}/v2/enqueue"}


def events(receiver: Provider) -> list[str]:
    return [one.json["event_action"] for one in receiver.received]


def told(receiver: Provider) -> list[tuple[str, int]]:
    """Every event, with the number of the incident's alert that it belongs to."""
    keys = [one.json["dedup_key"] for one in receiver.received]
    numbers = [1 if key == keys[0] else int(key.removeprefix(f"{keys[0]}-")) for key in keys]
    return list(zip(events(receiver), numbers, strict=True))


async def test_on_a_ladder_that_climbs_until_resolved_an_acknowledgement_cancels_no_page_to_pagerduty(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(202, b'{"status": "success"}')
    runs = by_pagerduty().replace("via: [slack, pagerduty]", "via: [slack, {pagerduty: 5m}]")
    runs = runs.replace("    escalation:\n      steps:", "    escalation:\n      stops_on: resolved\n      steps:", 1)
    async with new_world(runbook=runs, **duty_settings(receiver)) as world:
        await declared(world)
        await world.ada.types("/escalate ack INC-1")
        await world.passes(minutes=5)
        assert events(receiver) == ["trigger"]
        await world.ben.types("/incident resolve INC-1 it works again")
        await world.settled()
        assert events(receiver) == ["trigger", "resolve"]


async def test_a_page_by_webhook_is_accepted_when_the_receiver_says_so(new_world: NewWorld, receiver: Provider) -> None:
    receiver.answers(200, b'{"id": "evt_1"}')
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world)

        (request,) = receiver.received
        assert request.json["incident"]["ref"] == "INC-1"
        (page,) = await pages(world)
        assert (page["state"], page["reference"]) == ("accepted", "HTTP 200 evt_1")
        assert "s3cret" not in str(page)
        assert "✓ Ada Obi, On-call Engineer: webhook sent" in words_of(world.card())

        await world.passes(minutes=15)
        assert len(world.pages_of("ben")) == 1


async def test_a_page_refused_by_a_webhook_pages_the_next_tier_at_once(new_world: NewWorld, receiver: Provider) -> None:
    receiver.answers(404)
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world)

        assert len(receiver.received) == 1
        assert "✗ Ada Obi, On-call Engineer: webhook refused (the webhook of Ada Obi says 404)" in words_of(
            world.card()
        )
        assert len(world.pages_of("ben")) == 1
        assert any(
            "Ada Obi was not reached" in words and "ada@example.com" in words for words in world.said_in(world.room())
        )


async def test_a_page_the_receiver_may_have_accepted_is_shown_as_not_known_even_after_a_later_refusal(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(502)
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world)
        room = world.room()
        assert "webhook not known whether it was sent, tried 1×" in words_of(world.card())
        await world.ada.types("/escalate status", room)
        await world.settled()
        assert "not known whether it was sent" in words_of(whispered(world, "ada", room)[-1])

        receiver.answers(404)
        await world.passes(seconds=2)
        said = "the webhook of Ada Obi says 404; an earlier attempt may have been accepted"
        assert f"webhook not known whether it was sent ({said})" in words_of(world.card())


async def test_a_cancelled_page_the_receiver_may_have_accepted_is_not_shown_as_not_sent(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(502)
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world)
        room = world.room()
        await world.eve.types("/escalate ack", room)
        await world.settled()
        assert "not known whether it was sent, no longer needed" in words_of(world.card())


async def test_a_page_the_receiver_has_not_answered_yet_is_shown_neither_as_sent_nor_as_not_sent(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.hangs = True
    async with new_world(runbook=by_webhook(receiver)) as world:
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(lambda: receiver.received and has_card(world))
        await world.workspace.until(lambda: "webhook being sent" in words_of(world.card()))
        await world.eve.types("/escalate ack", world.room())
        await world.workspace.until(lambda: "Acknowledged by" in words_of(world.card()))
        assert "webhook not known whether it was sent, no longer needed" in words_of(world.card())
        receiver.release()
        await world.settled()
        assert "✓ Ada Obi, On-call Engineer: webhook sent" in words_of(world.card())


def has_card(world: World) -> bool:
    return any(one.pins for one in world.workspace.conversations)


async def test_a_ladder_whose_pages_may_have_been_accepted_does_not_end_by_saying_nobody_could_be_paged(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(502)
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world, "P2 Payments failing")
        await world.passes(minutes=31)
        said = " ".join(world.said_in(world.room()))
        assert "Nobody is known to have been paged" in said and "not known whether paged" in said
        assert "could be paged" not in said + words_of(world.card())


async def test_a_webhook_that_answers_429_is_retried_after_retry_after_with_the_same_idempotency_key(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(429, Retry_After="12")
    async with new_world(runbook=by_webhook(receiver)) as world:
        await declared(world)
        receiver.answers(204)
        await world.passes(seconds=11)
        assert len(receiver.received) == 1

        await world.passes(seconds=1)
        assert len({one.headers["Idempotency-Key"] for one in receiver.received}) == 1
        assert [page["state"] for page in await pages(world)] == ["accepted"]


async def test_pagerduty_gets_one_alert_per_tier_that_is_acknowledged_and_resolved_with_the_incident(
    new_world: NewWorld, receiver: Provider
) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        await declared(world)
        assert events(receiver) == ["trigger"]
        assert "sent" in words_of(world.card())

        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()
        assert events(receiver) == ["trigger", "acknowledge"]

        await world.ada.types("/incident resolve Rolled back", world.room())
        await world.settled()
        assert events(receiver) == ["trigger", "acknowledge", "resolve"]
        assert len({one.json["dedup_key"] for one in receiver.received}) == 1

        await world.ada.types("/incident reopen It is back", world.room())
        await world.settled()
        assert told(receiver) == [("trigger", 1), ("acknowledge", 1), ("resolve", 1), ("trigger", 2)]
        assert [page["state"] for page in await pages(world) if page["via"] == "pagerduty"] == ["accepted"] * 2


async def test_a_resolve_in_flight_when_the_incident_is_reopened_does_not_close_the_new_pagerduty_alert(
    new_world: NewWorld, receiver: Provider
) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        await declared(world)
        receiver.hangs = True
        await world.ada.types("/incident resolve Rolled back", world.room())
        await world.workspace.until(lambda: events(receiver)[1:] == ["resolve"])
        await world.ada.types("/incident reopen It is back", world.room())
        await world.workspace.until(lambda: events(receiver)[2:] == ["trigger"])
        receiver.release()
        await world.settled()

        assert told(receiver) == [("trigger", 1), ("resolve", 1), ("trigger", 2)], "in whatever order they arrive"

        await world.ada.types("/incident resolve Rolled back again", world.room())
        await world.settled()
        assert told(receiver)[3:] == [("resolve", 2)]


async def test_a_resolve_that_failed_before_the_incident_was_reopened_is_still_sent_to_pagerduty(
    new_world: NewWorld, receiver: Provider
) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        await declared(world)
        receiver.answers(500)
        await world.ada.types("/incident resolve Rolled back", world.room())
        await world.settled()
        receiver.answers(202)
        await world.ada.types("/incident reopen It is back", world.room())
        await world.passes(minutes=1)

        assert told(receiver) == [("trigger", 1), ("resolve", 1), ("trigger", 2), ("resolve", 1)]


async def test_a_withdrawn_acknowledgement_opens_a_new_pagerduty_alert(new_world: NewWorld, receiver: Provider) -> None:
    """PagerDuty calls nobody for an alert that is acknowledged there, so the next page opens another one."""
    runbook = LISTENING.replace("who: [ada]}", "who: [ada], via: [slack, pagerduty]}").replace(
        "who: [ben]}", "who: [ben], via: [slack, pagerduty]}"
    )
    async with new_world(runbook=runbook, **duty_settings(receiver)) as world:
        await declared(world)
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.passes(hours=1)
        assert told(receiver) == [("trigger", 1), ("acknowledge", 1)]

        await world.passes(minutes=30)
        assert told(receiver)[2:] == [("trigger", 2), ("resolve", 1)], "one alert at a time"

        await world.ben.presses("Acknowledge", world.pages_of("ben")[-1])
        await world.settled()
        assert told(receiver)[4:] == [("acknowledge", 2)]
        await world.ben.types("/incident resolve Rolled back", world.room())
        await world.settled()
        assert told(receiver)[5:] == [("resolve", 2)]


async def test_escalating_by_hand_after_an_acknowledgement_opens_a_pagerduty_alert_of_its_own(
    new_world: NewWorld, receiver: Provider
) -> None:
    runbook = by_pagerduty().replace("who: [cleo]}", "who: [cleo], via: [slack, pagerduty]}")
    async with new_world(runbook=runbook, **duty_settings(receiver)) as world:
        await declared(world)
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.passes(minutes=5)
        await world.ada.types("/escalate ceo The press is calling", world.room())
        await world.settled()
        assert told(receiver) == [("trigger", 1), ("acknowledge", 1), ("trigger", 2), ("resolve", 1)]

        await world.passes(minutes=1)
        await world.cleo.presses("Acknowledge", world.pages_of("cleo")[0])
        await world.settled()
        assert told(receiver)[4:] == [("acknowledge", 2)]


async def test_a_pagerduty_page_in_flight_during_the_acknowledgement_is_acknowledged_again_afterwards(
    new_world: NewWorld, receiver: Provider
) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        receiver.hangs = True
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(lambda: receiver.received and world.pages_of("ada"))
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.workspace.until(lambda: events(receiver)[1:] == ["acknowledge"])
        world.clock.move(timedelta(seconds=1))
        receiver.release()
        await world.settled()

        assert told(receiver) == [("trigger", 1), ("acknowledge", 1), ("acknowledge", 1)], "the first may be too soon"


async def test_pagerduty_gets_only_the_final_state_after_an_outage(new_world: NewWorld, receiver: Provider) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        await declared(world)
        receiver.answers(500)
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()
        await world.ada.types("/incident resolve Rolled back", world.room())
        await world.settled()
        before = len(receiver.received)

        receiver.answers(202)
        await world.passes(minutes=1)
        assert events(receiver)[before:] == ["resolve"], "what it was in between is of no interest any more"


async def test_a_drill_sends_nothing_to_pagerduty(new_world: NewWorld, receiver: Provider) -> None:
    async with new_world(runbook=by_pagerduty(), **duty_settings(receiver)) as world:
        await world.eve.types("/incident drill P1 First rehearsal")
        await world.settled()
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()

        assert receiver.received == []


async def test_a_provider_that_hangs_delays_nobody_else(new_world: NewWorld, receiver: Provider) -> None:
    receiver.hangs = True
    both = by_webhook(receiver).replace("who: [ada], via: [webhook]", "who: [ada, ben], via: [webhook, slack]")
    async with new_world(runbook=both) as world:
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(
            lambda: world.pages_of("ada") and world.pages_of("ben") and receiver.received, within=10
        )
        states = {page["via"]: page["state"] for page in await pages(world)}
        assert states["webhook"] == "waiting", "the webhook still says nothing"

        receiver.release()
        await world.settled()
        assert [page["state"] for page in await pages(world)] == ["accepted"] * 3


async def test_a_critical_alert_is_posted_once_to_the_webhook_of_the_alerts(
    new_world: NewWorld, receiver: Provider
) -> None:
    alerts = f"""
alerts:
  levels: {{critical: [webhook]}}
  webhook: "{receiver.url}/alerts/s3cret"
"""
    async with new_world(runbook=RUNBOOK + alerts, ALERTS_TOKEN="let-me-in") as world:
        alert = {"title": "Disk full", "status": "firing", "severity": "critical", "fingerprint": "disk"}
        url = f"http://127.0.0.1:{world.app.port}/alerts/generic?token=let-me-in"
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.post(url, json=alert) as answer:
                    assert answer.status == 202
                await world.settled()

        (request,) = receiver.received
        assert request.path == "/alerts/s3cret"
        assert request.json["title"] == "Disk full"
        assert request.headers["Webhook-Signature"].startswith("v1,")

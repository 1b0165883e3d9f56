"""Reports by people without Slack: the form becomes an alert, and its author reads what really happened."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.domain.actor import Actor
from tests.stories.alerts.monitoring import watched
from tests.stories.alerts.reporter import DECLARING, PUBLIC, WITH_FORM, outsider
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

REPORT = {
    "what": "I can't pay my invoice.\nThe button does nothing.",
    "since": "about 9 this morning",
    "affected": "everyone in our office",
    "contact": "jo@customer.example.com",
}


async def test_a_report_is_an_alert_that_says_who_is_affected_and_since_when(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        form = await jo.opens()
        assert form.status == 200
        page = await jo.sends(nonce=form.nonce, **REPORT)

        assert page.status == 200
        assert "on its way to the team in Slack" in page.text
        assert "Nobody has been paged." in page.text
        for said in ("High", "I can't pay my invoice.", "The button does nothing.", *list(REPORT.values())[1:]):
            assert said in seen.words
        assert await world.house.incidents.newest(open_only=False) == []
        world.posts()
        world.nothing_else_was_sent()


async def test_one_filled_in_field_is_enough(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        page = await jo.sends(what="I can't pay")

        assert "You left no contact" in page.text
        assert "No contact was left" in seen.words


async def test_the_form_says_who_was_paged_once_the_page_was_accepted(new_world: NewWorld) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        nonce = (await jo.opens()).nonce
        first = await jo.sends(nonce=nonce, **REPORT)
        assert re.search("On-call Engineer (is being|has been) paged", first.text)

        assert "On-call Engineer has been paged." in (await jo.sends(nonce=nonce, **REPORT)).text
        (paged,) = world.pages_of("ada")
        assert "I can't pay my invoice." in words_of(paged)


async def test_a_double_click_is_one_report_and_a_correction_updates_the_same_alert(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        nonce = (await jo.opens()).nonce
        for _ in range(2):
            assert (await jo.sends(nonce=nonce, **REPORT)).status == 200
        assert "corrected" not in seen.words

        await jo.sends(nonce=nonce, **REPORT | {"affected": "just me"})
        assert "just me" in seen.words
        assert "everyone in our office" not in seen.words

        await jo.sends(nonce=(await jo.opens()).nonce, **REPORT)
        assert len(seen.cards) == 2, "another form is another report"


async def test_there_is_no_form_unless_the_runbook_asks_for_it(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        async with world.joined(runbook=RUNBOOK) as other:
            world.app.port, port = other.port, world.app.port
            assert (await jo.opens()).status == 404
            assert (await jo.sends(**REPORT)).status == 404
            world.app.port = port
        assert seen.cards == []


async def test_many_reports_within_a_quarter_of_an_hour_are_one_incident_and_one_page(new_world: NewWorld) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        first = await jo.opens()
        await jo.sends(nonce=first.nonce, **REPORT)
        again = await jo.sends(nonce=first.nonce, **REPORT)
        assert "On-call Engineer has been paged." in again.text

        page = await jo.sends(what="Nothing works", affected="all of us")
        assert "Nobody has been paged again." in page.text
        assert len(world.pages_of("ada")) == 1
        assert len(seen.cards) == 2
        assert "Nothing works" in "".join(world.said_in(world.room()))
        assert "affected: all of us" in "".join(world.said_in(world.room()))

        await world.passes(minutes=16)
        assert "Nobody has been paged again." not in (await jo.sends(what="Something else")).text
        assert len(world.pages_of("ada")) == 2
        await world.house.acknowledgements.acknowledge(Actor("ada"), 2)
        assert "Someone on the team is on it." in (await jo.sends(what="Something else")).text


async def test_a_report_nobody_is_notified_of_is_not_said_to_be_on_its_way(new_world: NewWorld) -> None:
    nowhere = WITH_FORM + "alerts: {levels: {high: []}}\n"
    async with new_world(runbook=nowhere, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        page = await jo.sends(what="I can't pay")

        assert "recorded, but nobody is notified of it right now" in page.text
        assert "on its way" not in page.text
        assert seen.cards == []


async def test_the_form_says_when_people_will_be_paged_unless_somebody_acknowledges(new_world: NewWorld) -> None:
    critical = WITH_FORM.replace("level: high", "level: critical")
    async with new_world(runbook=critical, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        nonce = (await jo.opens()).nonce
        page = await jo.sends(what="I can't pay", nonce=nonce)
        assert "Unless somebody there answers, people are paged Thu 06 Aug 2026 15:05 BST." in page.text
        assert world.pages_of("ada") == []

        await world.passes(minutes=5)
        assert len(world.pages_of("ada")) == 1
        assert "On-call Engineer has been paged." in (await jo.sends(what="I can't pay", nonce=nonce)).text


async def test_many_simultaneous_reports_are_one_incident_and_one_page(new_world: NewWorld) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        await asyncio.gather(*(jo.sends(what=f"Nothing works for {who}") for who in range(8)))
        await world.settled()
        assert len(await world.house.incidents.newest(open_only=True)) == 1
        assert len(world.pages_of("ada")) == 1
        assert len(seen.cards) == 8


async def test_the_form_says_when_a_report_has_been_dealt_with(new_world: NewWorld) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        first = await jo.opens()
        await jo.sends(nonce=first.nonce, **REPORT)
        await world.house.incidents.resolve(Actor("ada"), 1, "Fixed")
        assert "has been dealt with" in (await jo.sends(nonce=first.nonce, **REPORT)).text

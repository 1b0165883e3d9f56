"""Delayed pages while the incident changes: its severity, the working hours, a reply by telephone."""

from tests.stories.asking import ask
from tests.stories.paging.test_delayed_ways import states
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages
from tests.stories.paging.test_working_hours import LOW, OFFICE, until
from tests.stories.telephone.telephones import ADA, NewWorld, by, heard, replied, telephones
from tests.world import RUNBOOK, words_of

SOON = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [{slack: 2m}]}")
OFFICE_HOURS = SOON.rstrip() + LOW + OFFICE


async def test_a_delayed_page_starts_over_when_the_severity_rises_or_the_incident_reopens_but_not_when_it_falls(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=SOON) as world:
        await declared(world, "P2 Payments failing")
        await world.passes(minutes=1)
        await ask(world, "eve", "/incident severity INC-1 P1 everything is down")
        await world.passes(minutes=1)
        await ask(world, "eve", "/incident severity INC-1 P2 half of it")
        assert world.pages_of("ada") == []
        await world.passes(minutes=1)
        assert await states(world) == [("ada", "slack", "cancelled"), ("ada", "slack", "accepted")]
        await ask(world, "eve", "/incident resolve INC-1 done")
        await ask(world, "eve", "/incident reopen INC-1 it is back")
        await ask(world, "eve", "/incident resolve INC-1 done")
        await world.passes(minutes=3)
        await ask(world, "eve", "/incident reopen INC-1 it is back")
        await world.passes(minutes=1)
        assert len(world.pages_of("ada")) == 1
        await world.passes(minutes=1)
        assert len(world.pages_of("ada")) == 2


async def test_a_delayed_page_that_falls_due_outside_working_hours_is_sent_when_they_begin_again(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=OFFICE_HOURS) as world:
        await until(world, 4, 17, 57)
        await ask(world, "eve", "/incident declare P4 Due on Friday at 17:59, and seen on Saturday")
        await world.passes(minutes=2, seconds=-30)
        await ask(world, "eve", "/incident declare P4 Due on Monday at 09:00:30")
        await until(world, 5, 3)
        assert world.pages_of("ada") == [], "nobody is woken for it"
        assert "⏳ Ada Obi, On-call Engineer: Slack <!date" in words_of(world.card())
        await until(world, 0, 9)
        [page] = world.pages_of("ada")
        assert "INC-1" in page.text and "is late" not in words_of(page)
        await world.passes(seconds=30)
        assert len(world.pages_of("ada")) == 2
        [kept] = await pages(world)
        assert (kept["attempts"], kept["late"], kept["state"]) == (1, False, "accepted")


async def test_paging_by_hand_at_night_also_sends_the_delayed_pages_that_night(new_world: NewWorld) -> None:
    async with new_world(runbook=OFFICE_HOURS) as world:
        await until(world, 5, 3)
        await ask(world, "eve", "/incident declare P4 Slow reports")
        await ask(world, "eve", "/escalate INC-1")
        await world.passes(minutes=2)
        assert len(world.pages_of("ada")) == 1, "not on Monday"
        await world.eve.types("/escalate ada Look at this", world.room())
        await world.settled()
        await ask(world, "eve", "/escalate snooze INC-1 10m")
        await world.passes(minutes=9)
        assert len(world.pages_of("ada")) == 1
        await world.passes(minutes=1)
        assert len(world.pages_of("ada")) == 2


async def test_acknowledging_by_a_key_on_the_phone_cancels_the_delayed_pages(new_world: NewWorld) -> None:
    async with telephones(new_world, by("slack", "{voice: 2m}", "{sms: 5m}")) as (world, company):
        await declared(world)
        assert company.asked == []
        await world.passes(minutes=2)
        [call] = company.calls(ADA)
        await company.picked_up(call)
        assert "Incident 1 is acknowledged" in heard(await company.pressed(call, "1"))
        await world.passes(minutes=4)
        assert company.texts() == []


async def test_acknowledging_by_text_cancels_the_delayed_pages(new_world: NewWorld) -> None:
    async with telephones(new_world, by("slack", "{sms: 2m}", "{voice: 5m}")) as (world, company):
        await declared(world)
        assert "No page was sent to this number" in await replied(world, company, ADA, "ACK")
        await world.passes(minutes=2)
        assert "INC-1 acknowledged" in await replied(world, company, ADA, "ACK")
        await world.passes(minutes=4)
        assert company.calls() == []


async def test_a_reply_answers_the_text_sent_last_and_not_the_page_planned_last(
    new_world: NewWorld,
) -> None:
    runs = by("slack", "{sms: 10m}").replace("who: [ben], via: [slack]", "who: [ada], via: [sms]")
    runs = runs.replace("steps: [{page: oncall, wait: 30m}]", "steps: [{page: lead, wait: 30m}]")
    async with telephones(new_world, runs) as (world, company):
        await declared(world, "P1 Payments failing")
        await world.passes(minutes=5)
        await declared(world, "P2 Search is down")
        await world.passes(minutes=5)
        assert ["INC-2" in one.body for one in company.texts(ADA)] == [True, False]
        assert (await replied(world, company, ADA, "ACK")).startswith("INC-1 acknowledged")

"""Pages by telephone call: what is said, what each key does, and why an answering machine acknowledges nothing."""

import pytest

from bot.domain.paging.page import Page
from bot.store.paging import pages
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages as pages_of
from tests.stories.telephone.telephones import ADA, BEN, PUBLIC, NewWorld, by, heard, reported, telephones
from tests.world import BEGINNING, World, words_of


async def test_a_call_says_what_is_wrong_and_is_acknowledged_by_a_key(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world, "P1 Payments <b>& cards</b> failing")
        (call,) = company.calls(ADA)
        said = heard(await company.picked_up(call))
        assert "P1, Critical: Payments <b>& cards</b> failing. Incident 1." in said
        assert "You are paged as On-call Engineer. Press 1 to acknowledge." in said

        assert "Incident 1 is acknowledged" in heard(await company.pressed(call, "1"))
        await world.settled()
        assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ada"
        assert "was acknowledged by Ada Obi" in heard(await company.picked_up(call)), "there is no key any more"
        await world.passes(hours=2)
        assert world.pages_of("ben") == []


async def test_pressing_two_pages_the_next_tier_once_however_often_the_request_arrives(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)
        first = await company.picked_up(call)
        assert "seen=1.0.1" in first
        assert "Engineering Lead is being paged" in heard(await company.pressed(call, "2"))
        await world.settled()

        again = await company.tells(first.split('action="')[1].split('"')[0], {"CallSid": call.sid, "Digits": "2"}, ADA)
        assert "Just escalated" in heard(again[1])
        await world.settled()
        assert len(world.pages_of("ben")) == 1
        assert world.pages_of("cleo") == []


async def test_an_unknown_key_repeats_the_choices(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)

        assert "Press 1 to acknowledge" in heard(await company.pressed(call, "7"))
        assert (await world.house.incidents.find("INC-1")).acknowledged_at is None


async def test_a_call_about_an_unknown_page_says_that_nothing_was_acknowledged(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        for address, told in (("999.abc/key?seen=1", {"Digits": "1"}), ("999.abc", {}), ("x/key", {"Digits": "2"})):
            status, said = await company.tells(f"{PUBLIC}/twilio/voice/{address}", {"CallSid": "CA1", **told}, ADA)
            assert (status, heard(said).partition(".")[0]) == (200, "Not acknowledged")
        assert (await world.house.incidents.find("INC-1")).acknowledged_at is None


async def test_an_answering_machine_acknowledges_nothing(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)
        for status in ("ringing", "in-progress", "completed"):
            await reported(world, company, call, status)
            await company.picked_up(call)

        (page,) = await pages_of(world)
        assert page["state"] == "delivered"
        await world.passes(minutes=15)
        assert len(world.pages_of("ben")) == 1


async def test_a_call_nobody_picks_up_counts_as_accepted_and_is_shown_as_unanswered(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)
        await reported(world, company, call, "no-answer")

        (page,) = await pages_of(world)
        assert page["state"] == "accepted"
        assert "(nobody picked up)" in words_of(world.card())
        assert world.pages_of("ben") == []


async def test_a_call_that_fails_pages_the_next_tier_at_once(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        await reported(world, company, company.calls(ADA)[0], "failed")

        assert [page["state"] for page in await pages_of(world)] == ["refused", "accepted"]
        assert len(world.pages_of("ben")) == 1


@pytest.mark.parametrize("was_taken", [True, False])
async def test_a_call_whose_response_was_lost_is_matched_to_its_own_page(new_world: NewWorld, was_taken: bool) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world, "P1 Payments failing")
        if was_taken:
            company.drop()
        else:
            company.refuse(20500, status=500)
        await declared(world, "P1 Search is down")
        company.faults.clear()
        await world.passes(seconds=2)

        calls = company.calls(ADA)
        keys = [f"{number}.{BEGINNING.timestamp():.0f}" for number in (1, 2)]
        paged = [await world.house.page_reports.page(key) for key in keys]
        assert [page.reference for page in paged] == [call.sid for call in calls]


async def calls_for_two(world: World) -> list[Page]:
    """The pages by telephone call of the first two incidents."""
    async with world.house.db.transaction() as conn:
        return [page for ref in (1, 2) for page in await pages.of_incident(conn, ref) if page.via == "voice"]


@pytest.mark.parametrize("both", [True, False])
async def test_two_unconfirmed_calls_to_one_number_are_not_mistaken_for_each_other(
    new_world: NewWorld, both: bool
) -> None:
    async with telephones(new_world, by("voice"), public_url="") as (world, company):
        company.drop()
        await declared(world, "P1 Payments failing")
        company.drop() if both else company.refuse(20500, status=500)
        await declared(world, "P1 Search is down")
        company.faults.clear()
        await world.passes(seconds=2)
        assert len(company.calls(ADA)) == 1 + both
        assert [page.state for page in await calls_for_two(world)] == (
            ["accepted", "accepted"] if both else ["waiting", "waiting"]
        ), "no claim without a call"

        for _ in range(6):
            await world.passes(seconds=30)
        found = await calls_for_two(world)
        assert [page.state for page in found] == ["accepted", "accepted"]
        assert len({page.reference for page in found}) == 2
        assert len(company.calls(ADA)) == (2 if both else 3)


async def test_a_status_report_tells_two_unconfirmed_calls_apart(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        company.drop()
        await declared(world, "P1 Payments failing")
        company.refuse(20500, status=500)
        await declared(world, "P1 Search is down")
        company.faults.clear()
        (call,) = company.calls(ADA)
        await reported(world, company, call, "ringing")
        await world.passes(seconds=2)

        first, second = await calls_for_two(world)
        assert first.reference == call.sid
        assert second.reference == company.calls(ADA)[1].sid
        assert "repeat" not in company.calls(ADA)[1].fields["Url"]


async def test_without_a_public_address_the_call_says_where_to_acknowledge(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice", then="voice"), public_url="") as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)

        said = heard(await company.picked_up(call))
        assert "Payments failing. Incident 1." in said
        assert "Acknowledge it in Slack." in said
        assert "Press" not in said

        await world.eve.types(f"/escalate lead {'You know & love <the gateway>. ' * 90}", world.room())
        await world.settled()
        assert len(company.calls(BEN)) == 1, "a long reason is no reason for not being called"


async def test_a_call_picked_up_after_the_resolution_says_that_it_is_resolved(new_world: NewWorld) -> None:
    async with telephones(new_world, by("voice")) as (world, company):
        await declared(world)
        (call,) = company.calls(ADA)
        before = call.fields["Url"]
        await world.eve.types("/incident resolve Rolled back", world.room())
        await world.settled()

        assert "Incident 1 is resolved" in heard(await company.picked_up(call))
        _, answer = await company.tells(f"{before}/key?seen=1.0.1", {"CallSid": call.sid, "Digits": "1"}, ADA)
        assert "INC-1 is resolved" in heard(answer)

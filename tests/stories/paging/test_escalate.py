"""`/escalate`: whom it pages, with which reason, and what it answers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.stories.asking import ROOM, ask, asked, declared, posted, told
from tests.world import RUNBOOK, World, words_of

MAIL = {"SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "bell@example.com"}
NewWorld = Callable[..., AbstractAsyncContextManager[World]]

ON_A_SCHEDULE = (
    RUNBOOK.replace("who: [ada]}", "who: [schedule/primary]}")
    + """
schedules:
  primary: {people: [ada, ben], rotates: weekly, handover: "Mon 09:00", starts: 2026-08-03}
  nights: {people: [cleo], rotates: daily, handover: "20:00", starts: 2026-08-03}
"""
)


async def test_a_bare_escalate_pages_the_next_tier_and_says_which(world: World) -> None:
    room = await declared(world)
    assert "*Engineering Lead* is being paged for INC-1" in await ask(world, "eve", "/escalate", room)
    assert world.posts() == [
        ("ben", "🔔 *P1* Payments failing (INC-1)"),
        (ROOM, "📣 <@U0EVE> escalated: *Engineering Lead* Ben Moss is being paged."),
    ]
    world.nothing_else_was_sent()


async def test_at_the_end_of_the_ladder_escalate_says_there_is_nobody_left_and_whom_it_paged(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/escalate", room)
    await ask(world, "eve", "/escalate", room)
    said = await ask(world, "eve", "/escalate", room)
    assert "Nobody left to page for INC-1" in said and "oncall, lead, ceo" in said
    assert "CEO: paged Cleo Fox" in said


async def test_a_person_is_paged_with_the_reason_as_it_was_typed(world: World) -> None:
    room = await declared(world)
    said = await ask(world, "eve", "/escalate @dev ask @finn about R&D's <queue>", room)
    assert said == "<@U0DEV> is being paged for INC-1."
    page = words_of(world.pages_of("dev")[0])
    assert "Why you: ask @Finn Hale about R&amp;D's &lt;queue&gt;" in page
    assert [place for place, _ in world.posts()] == ["dev", ROOM]
    world.nothing_else_was_sent()


async def test_escalate_accepts_a_persons_runbook_key(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/escalate @CLEO refunds", room)
    assert "refunds" in words_of(world.pages_of("cleo")[0])


@pytest.mark.parametrize("name", ["cleo", "Cleo", "cleo fox", "@cleo", "Cleo:"])
async def test_a_person_is_paged_by_name_and_by_the_ways_of_their_tier(new_world: NewWorld, name: str) -> None:
    async with new_world(runbook=RUNBOOK.replace("who: [cleo]}", "who: [cleo], via: [slack, email]}"), **MAIL) as world:
        room = await declared(world)
        await ask(world, "eve", f"/escalate {name} refunds", room)
        pages = (await world.house.standings.now(1)).pages
        assert [(page.via, page.reason) for page in pages if page.person == "cleo"] == [
            ("slack", "refunds"),
            ("email", "refunds"),
        ]


async def test_escalate_asks_which_person_is_meant_if_two_share_the_first_name(new_world: NewWorld) -> None:
    two = RUNBOOK.replace("ada: {name: Ada Obi", "obi: {name: Ada Obi").replace("[ada]", "[obi]")
    async with new_world(runbook=two.replace("name: Ben Moss", "name: Ada Moss")) as world:
        room = await declared(world, by="finn")
        said = await ask(world, "finn", "/escalate ada the queue", room)
        assert "may be obi or ben" in said


async def test_roles_can_be_assigned_by_first_name(world: World) -> None:
    room = await declared(world)
    assert "<@U0BEN> is now *lead*" in await posted(world, "eve", "/incident lead Ben", room)
    assert "<@U0CLEO> is now *comms*" in await posted(world, "eve", "/incident role comms cleo", room)
    await ask(world, "dev", "/escalate oncall")
    assert "<@U0DEV> is now *lead*" in await posted(world, "eve", "/incident lead Dev", room)


async def test_acknowledging_and_snoozing_say_what_they_did(world: World) -> None:
    room = await declared(world)
    assert "is snoozed: no more pages before" in await ask(world, "ada", "/escalate snooze 20m", room)
    assert not await ask(world, "ada", "/escalate ack", room)
    assert "already acknowledged by Ada Obi" in await ask(world, "eve", "/escalate ack", room)
    assert "Nobody is about to be paged" in await ask(world, "eve", "/escalate snooze", room)
    assert [place for place, _ in world.posts()] == [ROOM, ROOM]
    world.nothing_else_was_sent()


async def test_a_snooze_of_more_than_a_day_is_refused_and_the_answer_says_what_to_type(world: World) -> None:
    room = await declared(world)
    for too_long in ("25h", "3 days", "3660d"):
        said = await ask(world, "ada", f"/escalate snooze {too_long}", room)
        assert "is too long" in said and "`/escalate snooze 24h`" in said and "`/escalate ack`" in said
    assert "snoozed" not in await ask(world, "eve", "/escalate status", room)
    assert "is snoozed" in await ask(world, "ada", "/escalate snooze 24h", room)


async def test_a_snooze_that_ends_before_the_next_step_does_not_move_the_step(world: World) -> None:
    room = await declared(world)
    due_at = (await world.house.standings.now(1)).escalation.next_at
    assert "is snoozed" in await ask(world, "ada", "/escalate snooze 1s", room)
    assert (await world.house.standings.now(1)).escalation.next_at == due_at


async def test_a_snooze_shorter_than_the_one_in_force_is_refused_with_its_end_and_a_way_out(world: World) -> None:
    room = await declared(world)
    await ask(world, "ada", "/escalate snooze 2h", room)
    held_until = (await world.house.standings.now(1)).escalation.next_at
    said = await ask(world, "eve", "/escalate snooze 5m", room)
    assert "already snoozed until 17:00" in said and "`/escalate`" in said
    assert (await world.house.standings.now(1)).escalation.next_at == held_until
    assert "is snoozed" in await ask(world, "eve", "/escalate snooze 3h", room)
    await ask(world, "ada", "/escalate", room)
    assert "is snoozed" in await ask(world, "ada", "/escalate snooze 5m", room)


async def test_the_acknowledger_is_named_even_if_the_runbook_does_not_list_them(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/escalate ack", room)
    assert "already acknowledged by Eve Lind" in await ask(world, "ada", "/escalate ack", room)


async def test_escalate_status_shows_who_was_paged_and_how_and_what_comes_next(world: World) -> None:
    room = await declared(world)
    said = await ask(world, "eve", "/escalate status", room)
    assert said.startswith("*Paging of INC-1*: not acknowledged")
    assert "✓ Ada Obi, On-call Engineer: Slack sent" in said
    assert "Next: Engineering Lead" in said
    await ask(world, "ada", "/escalate ack", room)
    said = await ask(world, "eve", "/escalate status", room)
    assert said.startswith("*Paging of INC-1*: acknowledged by Ada Obi")
    assert "Next:" not in said


async def test_escalate_oncall_shows_who_is_on_call_now_and_next_per_schedule(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        said = await ask(world, "eve", "/escalate oncall")
        assert "`primary` Ada Obi until <!date^1786348800^" in said and "then Ben Moss" in said
        assert "`nights` Cleo Fox until" in said
        assert "`oncall` On-call Engineer: Ada Obi" in said
        assert "Suppliers" not in said
        await world.passes(days=7)
        assert "`primary` Ben Moss until" in await ask(world, "eve", "/escalate oncall")


async def test_escalate_oncall_lists_the_contacts_of_suppliers(new_world: NewWorld) -> None:
    many = "".join(f"  host{number}: {{}}\n" for number in range(22))
    suppliers = (
        f"providers:\n  mail: {{name: Mail <!here> & Co, email: help@example.com, phone: '+447700900009'}}\n{many}"
    )
    async with new_world(runbook=ON_A_SCHEDULE + suppliers) as world:
        said = await ask(world, "eve", "/escalate oncall")
        assert "`mail` Mail &lt;!here&gt; &amp; Co +447700900009 help@example.com" in said
        assert "host18" in said and "host19" not in said and "… and 3 more" in said


async def test_the_escalate_button_of_a_page_pages_the_next_tier_and_confirms_it(world: World) -> None:
    await declared(world)
    page = world.pages_of("ada")[0]
    answer = await world.ada.presses("Escalate", page)
    await world.settled()
    assert "*Engineering Lead* is being paged for INC-1" in told(answer)
    assert len(world.pages_of("ben")) == 1
    assert (await asked(world, "eve", "/escalate status INC-1")).messages

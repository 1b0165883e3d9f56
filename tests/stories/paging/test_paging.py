"""Somebody declares, people are paged tier by tier, somebody acknowledges."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.stories.asking import timeline
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


async def declared(world: World, words: str = "P1 Payments failing", by: str = "eve") -> None:
    """Declare an incident, and wait for everything that follows at once."""
    await world.workspace.person(by).types(f"/incident declare {words}", "#general")
    await world.settled()


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_declaring_pages_the_first_tier_opens_a_room_and_announces_it(
    new_world: NewWorld, transport: str
) -> None:
    async with new_world(transport=transport) as world:
        answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
        await world.settled()

        assert answer.error is None
        posts = world.posts()
        assert posts[0] == ("ada", "🔔 *P1* Payments failing (INC-1)")
        assert sorted(place for place, _ in posts[1:]) == ["#inc-2026-08-06-payments-failing", "#incidents"]
        assert {"U0EVE", "U0ADA"} <= set(world.workspace.channel("#inc-2026-08-06-payments-failing").members)
        assert world.eve.labels(world.card()) == ["Acknowledge", "I'll lead", "Post update", "Escalate", "Resolve"]
        assert world.workspace.channel(world.room()).topic == "INC-1 · Payments failing"
        world.nothing_else_was_sent()


async def test_the_lead_is_paged_if_nobody_acknowledges_within_fifteen_minutes(world: World) -> None:
    await declared(world)
    assert len(world.pages_of("ada")) == 1
    world.posts()

    await world.passes(minutes=14, seconds=59)
    assert world.posts() == []

    await world.passes(seconds=1)
    assert [place for place, _ in world.posts()] == ["ben", "#inc-2026-08-06-payments-failing"]
    assert "U0BEN" in world.workspace.channel(world.room()).members
    world.nothing_else_was_sent()


async def test_after_the_last_wait_one_notice_says_that_nobody_acknowledged(world: World) -> None:
    await declared(world)
    await world.passes(minutes=15)
    await world.passes(minutes=30)
    assert len(world.pages_of("cleo")) == 1
    world.posts()

    await world.passes(minutes=30)
    assert [headline for _, headline in world.posts()] == [
        "⚠ *Nobody acknowledged INC-1, and there's nobody left to page.*"
    ]
    (notice,) = [one for one in world.workspace.messages(world.room()) if "nobody left to page" in words_of(one)]
    assert [label.split()[0] for label in world.ada.labels(notice)] == ["Page"] * 3

    await world.passes(hours=5)
    world.nothing_else_was_sent()
    await world.ada.types("/incident ack INC-1", "#general")
    await world.settled()
    assert world.ada.labels(notice) == []


async def test_the_last_notice_says_which_tiers_were_paged_and_which_were_refused_or_empty(new_world: NewWorld) -> None:
    runbook = (
        RUNBOOK.replace("who: [cleo]", "who: []")
        .replace("who: [ada]", "who: [ada, finn]")
        .replace("  cleo:", "  finn: {name: Finn Hale, email: finn@example.com}\n  cleo:")
    )
    refused = {"U0BEN", "U0FINN"}
    async with new_world(runbook=runbook) as world:
        world.workspace.faults.refuse(
            "chat.postMessage", "messages_tab_disabled", times=None, when=lambda call: call.get("channel") in refused
        )
        await declared(world)
        await world.passes(minutes=15)
        await world.passes(minutes=30)
        await world.passes(minutes=30)

        (told,) = [words for words in world.said_in(world.room()) if "nobody left to page" in words]
        assert "not every tier was reached" in told
        assert "On-call Engineer: Ada Obi paged; Finn Hale *not reached*" in told
        assert "Engineering Lead: Ben Moss *not reached*" in told
        assert "CEO: *nobody was paged*" in told
        said = [words for kind, _, words in await timeline(world) if kind == "system"][-1]
        assert "On-call Engineer: paged Ada Obi; not reached Finn Hale. Engineering Lead: not reached Ben Moss" in said
        assert "not every tier was reached" in words_of(world.card())


async def test_the_last_notice_has_a_button_to_page_each_tier_again(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK + "permissions: {escalate: [tier/lead]}\n") as world:
        await declared(world)
        for minutes in (15, 30, 30):
            await world.passes(minutes=minutes)
        notice = world.workspace.messages(world.room())[-1]
        assert world.ben.labels(notice) == ["Page On-call Engineer", "Page Engineering Lead", "Page CEO"]

        refused = await world.eve.presses("Page CEO", notice)
        await world.settled()
        assert "`escalate`" in words_of(refused.messages[-1]) and len(world.pages_of("cleo")) == 1

        world.posts()
        pressed = [await world.ben.presses("Page CEO", notice) for _ in range(2)]
        await world.settled()
        assert "Cleo Fox is being paged" in words_of(pressed[0].messages[-1])
        assert "less than a minute ago" in words_of(pressed[1].messages[-1])
        assert len(world.pages_of("cleo")) == 2
        assert "Nobody has acknowledged" in words_of(world.pages_of("cleo")[-1])

        await world.passes(minutes=1)
        await world.ben.presses("Page CEO", notice)
        await world.settled()
        assert len(world.pages_of("cleo")) == 3


async def test_a_ladder_that_repeats_once_pages_everybody_twice_and_then_gives_notice(new_world: NewWorld) -> None:
    twice = RUNBOOK.replace("        - {page: ceo, wait: 30m}\n", "        - {page: ceo, wait: 30m}\n      repeat: 1\n")
    async with new_world(runbook=twice) as world:
        await declared(world)
        for minutes in (15, 30, 30, 15, 30):
            await world.passes(minutes=minutes)
        assert [len(world.pages_of(name)) for name in ("ada", "ben", "cleo")] == [2, 2, 2]
        assert not any("nobody left to page" in words for words in world.said_in(world.room()))

        await world.passes(minutes=30)
        assert sum("nobody left to page" in words for words in world.said_in(world.room())) == 1


async def test_acknowledging_in_the_direct_message_stops_the_paging_and_edits_it(world: World) -> None:
    await declared(world)
    page = world.pages_of("ada")[0]
    assert world.ada.labels(page) == ["Acknowledge", "Escalate"]
    world.posts()

    await world.ada.presses("Acknowledge", page)
    await world.settled()

    assert "Acknowledged by Ada Obi" in words_of(world.pages_of("ada")[0])
    assert world.ada.labels(world.pages_of("ada")[0]) == []
    assert world.eve.labels(world.card()) == ["I'll lead", "Post update", "Escalate", "Resolve"]
    assert [place for place, _ in world.posts()] == ["#inc-2026-08-06-payments-failing"]
    await world.passes(hours=3)
    world.nothing_else_was_sent()


async def test_acknowledging_a_second_before_the_limit_spares_the_lead(world: World) -> None:
    await declared(world)
    await world.passes(minutes=14, seconds=59)
    await world.ada.presses("Acknowledge", world.card())
    await world.settled()

    await world.passes(seconds=1)
    assert world.pages_of("ben") == []


async def test_acknowledging_a_second_after_the_limit_spares_the_tier_after_the_lead(world: World) -> None:
    await declared(world)
    await world.passes(minutes=15)
    await world.passes(seconds=1)
    await world.ada.presses("Acknowledge", world.card())
    await world.settled()
    assert len(world.pages_of("ben")) == 1
    assert "Acknowledged by Ada Obi" in words_of(world.pages_of("ben")[0]), "he need not look any more"

    await world.passes(hours=3)
    assert [len(world.pages_of(name)) for name in ("ada", "ben", "cleo")] == [1, 1, 0]


async def test_acknowledging_twice_changes_nothing_and_says_who_was_first(world: World) -> None:
    await declared(world)
    await world.ada.presses("Acknowledge", world.card())
    await world.settled()
    world.posts()

    answer = await world.eve.types("/escalate ack", world.workspace.channel(world.room()))
    await world.settled()
    assert "already acknowledged by Ada Obi" in words_of(world.eve.sees(world.room())[-1])
    assert answer.error is None
    world.nothing_else_was_sent()


async def test_two_people_pressing_escalate_on_the_same_card_page_one_tier(world: World) -> None:
    await declared(world)
    card = world.card()
    world.posts()

    await world.eve.presses("Escalate", card)
    await world.ada.presses("Escalate", card)
    await world.settled()

    assert len(world.pages_of("ben")) == 1
    assert world.pages_of("cleo") == []


async def test_escalating_by_hand_pages_the_next_tier_and_gives_it_its_full_wait(world: World) -> None:
    await declared(world)
    await world.passes(minutes=5)
    await world.eve.types("/escalate", world.workspace.channel(world.room()))
    await world.settled()
    assert len(world.pages_of("ben")) == 1

    await world.passes(minutes=29, seconds=59)
    assert world.pages_of("cleo") == []
    await world.passes(seconds=1)
    assert len(world.pages_of("cleo")) == 1


async def test_a_tier_paged_by_hand_sees_the_reason_in_its_page(world: World) -> None:
    await declared(world)
    await world.eve.types("/escalate ceo we need a decision on refunds", world.workspace.channel(world.room()))
    await world.settled()

    assert "we need a decision on refunds" in words_of(world.pages_of("cleo")[0])
    await world.passes(minutes=15)
    assert len(world.pages_of("ben")) == 1, "the ladder goes on beside it"


async def test_escalating_to_a_mention_pages_that_person(world: World) -> None:
    await declared(world)
    await world.eve.types("/escalate @dev please look at the queue", world.workspace.channel(world.room()))
    await world.settled()
    assert "please look at the queue" in words_of(world.pages_of("dev")[0])
    assert "U0DEV" in world.workspace.channel(world.room()).members


async def test_snoozing_holds_the_ladder_and_is_no_acknowledgement(world: World) -> None:
    await declared(world)
    await world.passes(minutes=10)
    await world.ada.types("/escalate snooze 20m", world.workspace.channel(world.room()))
    await world.settled()

    await world.passes(minutes=19, seconds=59)
    assert world.pages_of("ben") == []
    await world.passes(seconds=1)
    assert len(world.pages_of("ben")) == 1
    assert "Not acknowledged yet" in words_of(world.card())


async def test_resolving_cancels_every_page_to_come(world: World) -> None:
    await declared(world)
    await world.eve.presses("Resolve", world.card())
    await world.settled()
    await world.eve.submits()
    await world.settled()
    world.posts()

    assert "Resolved" in words_of(world.card())
    assert "Resolved by Eve" in words_of(world.pages_of("ada")[0]) or "Resolved by" in words_of(
        world.pages_of("ada")[0]
    )
    await world.passes(hours=12)
    world.nothing_else_was_sent()


async def test_reopening_starts_the_ladder_again_from_its_first_step(world: World) -> None:
    await declared(world)
    await world.passes(minutes=15)
    await world.eve.types("/incident resolve was a false alarm", world.workspace.channel(world.room()))
    await world.settled()
    await world.eve.types("/incident reopen it is back", world.workspace.channel(world.room()))
    await world.settled()

    assert [len(world.pages_of(name)) for name in ("ada", "ben")] == [2, 1]
    await world.passes(minutes=15)
    assert [len(world.pages_of(name)) for name in ("ada", "ben")] == [2, 2]


async def test_raising_the_severity_before_anybody_acknowledged_starts_the_new_ladder(world: World) -> None:
    await declared(world, "P3 Search is slow")
    await world.passes(minutes=10)
    await world.eve.types("/incident severity P1", world.workspace.channel(world.room()))
    await world.settled()

    assert len(world.pages_of("ada")) == 2
    await world.passes(minutes=15)
    assert len(world.pages_of("ben")) == 1


async def test_lowering_the_severity_asks_for_a_reason_and_keeps_the_ladder(world: World) -> None:
    await declared(world)
    room = world.workspace.channel(world.room())
    await world.eve.types("/incident severity P3", room)
    await world.settled()
    assert "Lowering the severity needs a reason" in words_of(world.eve.sees(room)[-1])

    await world.eve.types("/incident severity P3 only one customer", room)
    await world.passes(minutes=15)
    assert len(world.pages_of("ben")) == 1


async def test_a_ladder_that_stops_on_resolved_keeps_climbing_after_an_acknowledgement(new_world: NewWorld) -> None:
    stubborn = RUNBOOK.replace(
        "    escalation:\n      steps:", "    escalation:\n      stops_on: resolved\n      steps:"
    )
    async with new_world(runbook=stubborn) as world:
        await declared(world)
        await world.ada.presses("Acknowledge", world.card())
        await world.passes(minutes=15)
        assert len(world.pages_of("ben")) == 1

        await world.ben.presses("Resolve", world.card())
        await world.settled()
        await world.ben.submits()
        await world.passes(minutes=30)
        assert world.pages_of("cleo") == []


async def test_a_ladder_that_ends_after_an_acknowledgement_does_not_say_that_nobody_acknowledged(
    new_world: NewWorld,
) -> None:
    stubborn = RUNBOOK.replace(
        "    escalation:\n      steps:", "    escalation:\n      stops_on: resolved\n      steps:"
    ).replace("who: [ben]", "who: [ada]")
    async with new_world(runbook=stubborn) as world:
        await declared(world)
        await world.ada.presses("Acknowledge", world.card())
        await world.passes(minutes=15)
        await world.passes(minutes=30)

        said = [words for kind, _, words in await timeline(world) if kind == "system"]
        assert said[0].endswith("was passed over: everybody there has acknowledged")
        assert "not resolved" in said[-1] and "nobody left to page" in said[-1] and "Nobody" not in said[-1]


async def test_an_empty_tier_is_skipped_at_once(new_world: NewWorld) -> None:
    empty = RUNBOOK.replace("name: On-call Engineer, who: [ada]", "name: On-call Engineer, who: []")
    async with new_world(runbook=empty) as world:
        await declared(world)
        assert len(world.pages_of("ben")) == 1


async def test_a_page_to_somebody_without_a_slack_account_is_refused_and_the_next_tier_is_paged_at_once(
    new_world: NewWorld,
) -> None:
    stranger = RUNBOOK.replace("ada@example.com", "nobody@example.com")
    async with new_world(runbook=stranger) as world:
        await declared(world)
        assert len(world.pages_of("ben")) == 1
        assert "no Slack account has this address" in words_of(world.card())
        assert any("+447700900001" in words for words in world.said_in(world.room()))


async def test_escalating_after_an_acknowledgement_pages_one_more_tier_and_starts_no_timer(world: World) -> None:
    await declared(world)
    await world.ada.presses("Acknowledge", world.card())
    await world.settled()
    await world.ada.types("/escalate", world.workspace.channel(world.room()))
    await world.settled()
    assert len(world.pages_of("ben")) == 1

    await world.passes(hours=2)
    assert world.pages_of("cleo") == []


async def test_editing_the_runbook_changes_nothing_in_a_running_incident(new_world: NewWorld) -> None:
    async with new_world() as world:
        await declared(world)
    # The lead's tier, its step and the severity have been removed from the file.
    edited = RUNBOOK.replace("  lead: {name: Engineering Lead, who: [ben]}\n", "").replace(
        "        - {page: lead, wait: 30m}\n", ""
    )
    edited = edited.replace("id: P1", "id: P4")
    async with new_world(runbook=edited) as world:
        await world.passes(minutes=15)
        assert len(world.pages_of("ben")) == 1
        world.posts()
        await world.passes(minutes=30)
        assert len(world.pages_of("cleo")) == 1

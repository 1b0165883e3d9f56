"""The deadlines of a severity: shown on the card, warned of, and recorded when missed. And inactivity."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from bot.store.incidents import incidents
from tests.stories.asking import ROOM, ask, declared, timeline
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

# The stories begin at 15:00 in London.
PROMISING = RUNBOOK.replace("    user_facing: true\n", "    respond_within: 10m\n    resolve_within: 50m\n")
LISTENING = RUNBOOK.replace("    user_facing: true\n", "    update_every: 30m\n").replace(
    "    escalation:\n      steps:", "    escalation:\n      unacknowledge: true\n      steps:"
)


async def systems(world: World, number: int = 1) -> list[str]:
    return [words for kind, _, words in await timeline(world, number) if kind == "system"]


def said(world: World) -> list[str]:
    """The posts in the room since the last call, each up to its colon or time."""
    return [re.split(r":| by <", words)[0] for place, words in world.posts() if place == ROOM]


# The time to respond and to resolve


async def test_the_card_shows_the_deadlines_to_respond_and_to_resolve(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=PROMISING) as world:
        room = await declared(world)
        assert "Not acknowledged yet, respond by <!date^1786025400^" in words_of(world.card())
        assert "⏱ resolve by <!date^1786027800^" in words_of(world.card())
        await ask(world, "ada", "/escalate ack", room)
        assert "respond by" not in words_of(world.card())
        await ask(world, "ada", "/incident resolve", room)
        assert "resolve by" not in words_of(world.card())


async def test_the_room_is_warned_at_four_fifths_of_a_deadline_and_told_when_it_is_missed(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=PROMISING) as world:
        await declared(world)
        await world.passes(minutes=7, seconds=59)
        assert said(world) == []
        await world.passes(seconds=1)
        assert said(world) == ["⏰ *2 min left to acknowledge*,"]
        await world.passes(minutes=1, seconds=59)
        assert said(world) == []
        assert await systems(world) == []
        await world.passes(seconds=1)
        assert said(world) == ["⚠ *Nobody acknowledged"]
        assert await systems(world) == ["not acknowledged within 10 min (P1 target)"]
        assert "⚠ target missed: respond by <!date^1786025400^" in words_of(world.card())

        await world.ada.presses("Acknowledge", world.card())
        await world.passes(minutes=29, seconds=59)
        world.posts()
        await world.passes(seconds=1)
        assert said(world) == ["⏰ *10 min left to resolve*,"]
        await world.passes(minutes=10)
        assert said(world) == ["⚠ *Not resolved"]
        await world.passes(days=2)
        assert (await systems(world))[1:] == ["not resolved within 50 min (P1 target)"]
        world.nothing_else_was_sent()


async def test_a_deadline_missed_as_the_next_tier_is_paged_is_reported_in_one_post(new_world: NewWorld) -> None:
    runbook = PROMISING.replace("respond_within: 10m", "respond_within: 15m")
    async with new_world(runbook=runbook) as world:
        await declared(world)
        await world.passes(minutes=12)
        assert said(world) == ["⏰ *3 min left to acknowledge*,"]
        await world.passes(minutes=3)
        assert len(heard := said(world)) == 1 and heard[0].startswith("📣 Nobody acknowledged, so"), heard
        assert await systems(world) == ["not acknowledged within 15 min (P1 target)"]
        assert "⚠ target missed: respond by" in words_of(world.card())


async def test_a_deadline_met_in_its_last_second_is_never_reported_as_missed(new_world: NewWorld) -> None:
    async with new_world(runbook=PROMISING) as world:
        room = await declared(world)
        await world.passes(minutes=9, seconds=59)
        await ask(world, "ada", "/escalate ack", room)
        await world.passes(minutes=40)
        await ask(world, "ada", "/incident resolve", room)
        world.posts()
        await world.passes(days=1)
        assert await systems(world) == []
        world.nothing_else_was_sent()


async def test_a_deadline_missed_during_an_outage_is_reported_once_without_a_warning(new_world: NewWorld) -> None:
    async with new_world(runbook=PROMISING) as world:
        await declared(world)
        await world.passes(minutes=20)
        assert [words for words in said(world) if words.startswith("⚠")] == ["⚠ *Nobody acknowledged"]
    async with new_world(runbook=PROMISING) as world:
        assert await systems(world) == ["not acknowledged within 10 min (P1 target)"]


async def test_two_processes_checking_a_deadline_at_once_warn_once(new_world: NewWorld) -> None:
    async with new_world(runbook=PROMISING) as world:
        await declared(world)
        async with world.house.db.transaction() as other:
            incident = await incidents.lock(other, 1)
            world.clock.move(timedelta(minutes=8))
            await world.house.deadlines.look(other, incident, world.clock.now())
        await world.settled()
        assert said(world) == ["⏰ *2 min left to acknowledge*,"]
        await world.passes(minutes=1)
        world.nothing_else_was_sent()


async def test_raising_the_severity_restarts_the_deadline_and_lowering_it_counts_from_the_same_start(
    new_world: NewWorld,
) -> None:
    graver = PROMISING.replace("    name: High\n", "    name: High\n    respond_within: 1h\n")
    async with new_world(runbook=graver) as world:
        room = await declared(world, "P2 Search is slow")
        room_name = f"#{room.name}"
        await world.passes(minutes=30)
        await ask(world, "eve", "/incident severity P1", room)
        assert "respond by <!date^1786027200^" in words_of(world.card())  # 15:40
        await ask(world, "eve", "/incident severity P2 only one customer", room)
        assert "respond by <!date^1786030200^" in words_of(world.card())  # 16:30
        assert "resolve by" not in words_of(world.card())
        world.posts()
        await world.passes(minutes=59, seconds=59)
        assert not any("⚠ *Nobody acknowledged" in words for place, words in world.posts() if place == room_name)
        await world.passes(seconds=1)
        assert sum("⚠ *Nobody acknowledged" in words for place, words in world.posts() if place == room_name) == 1


async def test_reopening_starts_new_deadlines(new_world: NewWorld) -> None:
    async with new_world(runbook=PROMISING) as world:
        room = await declared(world)
        await ask(world, "ada", "/incident resolve", room)
        await world.passes(hours=2)
        await ask(world, "ada", "/incident reopen it is back", room)
        assert "respond by <!date^1786032600^" in words_of(world.card())  # 17:10
        world.posts()
        await world.passes(minutes=10)
        assert "⚠ *Nobody acknowledged" in said(world)


async def test_a_drill_is_warned_of_its_deadline_too_and_marked_as_a_drill(new_world: NewWorld) -> None:
    async with new_world(runbook=PROMISING) as world:
        await ask(world, "eve", "/incident drill P1 Payments failing")
        await world.passes(minutes=8)
        assert any(words.startswith("DRILL: ⏰ *2 min left to acknowledge*") for words in world.said_in(world.room()))


# Inactivity


async def test_an_acknowledged_incident_that_goes_quiet_is_asked_about_and_then_escalated(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=LISTENING) as world:
        room = await declared(world)
        await world.passes(minutes=5)
        await ask(world, "ada", "/escalate ack", room)
        world.posts()
        await world.passes(minutes=59, seconds=59)
        assert world.posts() == []
        await world.passes(seconds=1)
        ((_, asking),) = world.posts()
        assert "<!date^1786025100^" in asking and "<@U0ADA>" in asking
        await world.passes(minutes=29, seconds=59)
        assert world.posts() == []
        await world.passes(seconds=1)
        assert world.posts() == [
            ("ben", "🔔 *P1* Payments failing (INC-1)"),
            (
                ROOM,
                "📣 Ada Obi acknowledged, then went quiet, so *Engineering Lead* Ben Moss is being paged.",
            ),
        ]
        assert "Not acknowledged yet" in words_of(world.card())
        assert world.ada.labels(world.pages_of("ada")[0]) == ["Acknowledge", "Escalate"]
        assert "Why you: Ada Obi acknowledged" in words_of(world.pages_of("ben")[0])
        assert await systems(world) == ["the acknowledgement of Ada Obi is withdrawn: no update since 15:05 BST"]

        # The ladder climbs on, and the same person may acknowledge again.
        await world.passes(minutes=29, seconds=59)
        await ask(world, "ada", "/escalate ack", room)
        assert "Acknowledged by" in words_of(world.card())
        world.posts()
        await world.passes(minutes=45)
        assert world.pages_of("cleo") == []
        world.nothing_else_was_sent()


async def test_anything_a_person_does_about_an_incident_counts_as_activity(new_world: NewWorld) -> None:
    async with new_world(runbook=LISTENING) as world:
        room = await declared(world)
        await ask(world, "ada", "/escalate ack", room)
        for deed in ("update half of it works", "note it was the queue", "status mitigating", "lead @dev"):
            await world.passes(minutes=59, seconds=59)
            await ask(world, "ada", f"/incident {deed}", room)
        await world.passes(minutes=60)
        assert said(world)[-1].startswith("🔇 *No update since <!date^1786039196^")
        await ask(world, "ada", "/incident note still here", room)
        await world.passes(minutes=59, seconds=59)
        assert said(world) == []
        await world.passes(seconds=1)
        assert [words[0] for words in said(world)] == ["🔇"]
        await ask(world, "ada", "/incident resolve", room)
        world.posts()
        await world.passes(days=1)
        world.nothing_else_was_sent()


async def test_inactivity_after_the_last_tier_acknowledged_pages_the_first_again(new_world: NewWorld) -> None:
    async with new_world(runbook=LISTENING) as world:
        room = await declared(world)
        await world.passes(minutes=15)
        await world.passes(minutes=30)
        await ask(world, "cleo", "/escalate ack", room)
        await world.passes(minutes=60)
        world.posts()
        await world.passes(minutes=30)
        assert world.posts()[0] == ("ada", "🔔 *P1* Payments failing (INC-1)")
        assert len(world.pages_of("ada")) == 2


async def test_an_acknowledgement_is_never_withdrawn_unless_the_runbook_says_so(new_world: NewWorld) -> None:
    async with new_world(runbook=LISTENING.replace("unacknowledge: true", "unacknowledge: false")) as world:
        room = await declared(world)
        await ask(world, "ada", "/escalate ack", room)
        world.posts()
        await world.passes(days=1)
        assert all("due" in words for words in said(world)), "only reminders of the rhythm"

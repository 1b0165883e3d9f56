"""Working on an incident: updates, severity, status, roles, impact, and its resolution."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from bot.domain.actor import Actor
from bot.runbook.audiences import Audience
from tests.at_hand import ROOT
from tests.stories.asking import ROOM, ask, asked, declared, timeline, whispered
from tests.world import BEGINNING, World, words_of


async def test_an_update_is_posted_in_the_room_and_shown_on_the_card(world: World) -> None:
    room = await declared(world)
    assert not await ask(world, "eve", "/incident update Card payments work again", room)
    assert world.posts() == [(ROOM, "📝 *Update* by <@U0EVE>: Card payments work again")]
    assert "*Latest update*" in words_of(world.card()) and "Card payments work again" in words_of(world.card())
    world.nothing_else_was_sent()


async def test_an_update_without_text_opens_a_form_with_conditions_actions_needs_and_the_next_one(
    world: World,
) -> None:
    await declared(world)
    await world.eve.presses("Post update", world.card())
    await world.settled()
    await world.eve.submits(
        values={
            "What changed?": "A fix is out",
            "Conditions": "Cards work, transfers do not",
            "Actions": "Rolling back",
            "Needs": "Somebody from the bank",
            "Next update in": "30m",
        }
    )
    await world.settled()

    said = world.said_in(ROOM)[-1]
    assert said.startswith("📝 *Update* by <@U0EVE>: A fix is out")
    for line in (
        "*Conditions* Cards work, transfers do not",
        "*Actions* Rolling back",
        "*Needs* Somebody from the bank",
        f"*Next update* by <!date^{round((BEGINNING + timedelta(minutes=30)).timestamp())}",
    ):
        assert line in said
    assert whispered(world, "eve", ROOM) == [], "the room shows it already"


async def test_the_next_update_is_due_from_when_the_form_was_sent_and_a_later_update_replaces_it(world: World) -> None:
    await declared(world)
    now = world.clock.now()
    sent = partial(Actor, world.eve.id, world.eve.id, None)
    promised = world.house.wordings.next_update
    clients = Audience(key="clients", email=["one@example.com"], update_every="45m")

    await world.house.notes.update(sent(now - timedelta(hours=1)), 1, "A fix is out", {"next_update": "4h"})
    assert promised(await world.house.incidents.find("1"), clients, now) == now + timedelta(hours=3)
    await world.house.notes.update(sent(now), 1, "Cards work again")
    assert promised(await world.house.incidents.find("1"), clients, now) == now + timedelta(minutes=45)

    await world.house.notes.update(sent(now - timedelta(minutes=40)), 1, "All works", {"next_update": "30m"})
    await world.settled()
    assert promised(await world.house.incidents.find("1"), clients, now) == now + timedelta(minutes=45)
    said = world.said_in(ROOM)[-1]
    assert "*Next update* was due by" in said and "late" in said


async def test_the_severity_can_be_changed_by_a_command_or_a_form(world: World) -> None:
    room = await declared(world, "P2 Payments failing")
    assert not await ask(world, "eve", "/incident severity P1", room), "the post in the room says it"
    assert world.posts()[-1][1] == "<@U0EVE> changed the severity: P2 → *P1*"

    await asked(world, "eve", "/incident severity", room)
    await world.eve.submits(values={"Severity": "P3", "Why?": "one customer only"})
    await world.settled()
    assert world.posts()[-1][1] == "<@U0EVE> changed the severity: P1 → *P3* (one customer only)"
    assert "INC-1 · P3" in words_of(world.card())
    world.nothing_else_was_sent()


async def test_lowering_the_severity_in_the_form_without_a_reason_reopens_the_form_as_filled_in(world: World) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident severity", room)
    await world.eve.submits(values={"Severity": "P3"})
    await world.settled()

    again = world.eve.modal()
    assert "Lowering the severity needs a reason" in again.blocks[0]["text"]["text"]
    assert again.values["severity"]["choice"]["selected_option"]["value"] == "P3"
    await world.eve.submits(values={"Why?": "one customer only"})
    await world.settled()
    assert "INC-1 · P3" in words_of(world.card())
    assert world.eve.modals() == []
    world.posts()
    world.nothing_else_was_sent()


async def test_the_status_can_be_set_by_a_command_or_a_form_and_resolved_resolves(world: World) -> None:
    room = await declared(world)
    assert not await ask(world, "eve", "/incident status identified", room), "the post in the room says it"
    await asked(world, "eve", "/incident status", room)
    await world.eve.submits(values={"Status": "monitoring"})
    await world.settled()
    assert [headline for _, headline in world.posts()] == [
        "<@U0EVE> set the status to *identified*.",
        "<@U0EVE> set the status to *monitoring*.",
    ]
    assert not await ask(world, "eve", "/incident status resolved", room)
    assert "Resolved" in words_of(world.card())


async def test_the_lead_can_be_given_or_taken_and_taking_it_acknowledges(world: World) -> None:
    room = await declared(world)
    topic = room.topic
    assert not await ask(world, "eve", "/incident lead @ben", room), "the post in the room says it"
    assert "U0BEN" in room.members
    assert "Not acknowledged yet" in words_of(world.card())

    assert not await ask(world, "eve", "/incident lead", room)
    assert "Acknowledged by <@U0EVE>" in words_of(world.card())
    assert room.topic == topic, "Slack posts a line for each change of the topic"
    assert [headline for place, headline in world.posts() if place == ROOM] == [
        "<@U0BEN> is now *lead*.",
        "👀 <@U0EVE> acknowledged. Paging stopped.",
        "<@U0EVE> is now *lead*.",
    ]
    world.nothing_else_was_sent()


async def test_of_two_people_pressing_ill_lead_at_once_one_leads_and_the_other_is_told_who(world: World) -> None:
    room = await declared(world)
    await ask(world, "ada", "/incident note I am here", room)
    card = world.card()
    await asyncio.gather(world.eve.presses("I'll lead", card), world.ada.presses("I'll lead", card))
    await world.settled()

    leads = [words for kind, _, words in await timeline(world) if kind == "role"]
    assert leads in (["lead: ada"], ["lead: U0EVE"])
    loser, leader = ("eve", "Ada Obi") if leads == ["lead: ada"] else ("ada", "Eve Lind")
    assert f"{leader} leads INC-1 already" in words_of(whispered(world, loser, room)[-1])


async def test_giving_a_role_invites_its_holder_to_the_room(world: World) -> None:
    room = await declared(world)
    assert not await ask(world, "eve", "/incident role Comms @dev", room)
    assert "U0DEV" in room.members
    assert "*comms* <@U0DEV>" in words_of(world.card())
    assert world.posts() == [(ROOM, "<@U0DEV> is now *comms*.")]

    await ask(world, "eve", "/incident role", room)
    await world.eve.submits(values={"Role": "scribe", "Who": "finn"})
    await world.settled()
    assert world.posts() == [(ROOM, "<@U0FINN> is now *scribe*.")]
    world.nothing_else_was_sent()


async def test_the_impact_can_be_set_by_a_command_or_a_form_and_is_shown_on_the_card(world: World) -> None:
    room = await declared(world)
    assert "*INC-1* impact updated" in await ask(world, "eve", "/incident impact Nobody can pay", room)
    assert "Nobody can pay" in words_of(world.card())
    await ask(world, "eve", "/incident impact", room)
    assert world.eve.modal().values["impact"]["text"]["value"] == "Nobody can pay"
    await world.eve.submits(values={"What do users notice?": "Cards are refused"})
    await world.settled()
    assert "Cards are refused" in words_of(world.card())
    world.nothing_else_was_sent()


@pytest.mark.parametrize("verb", ["resolve", "close", "fixed"])
async def test_resolving_posts_how_it_ended_and_reopening_posts_why(world: World, verb: str) -> None:
    room = await declared(world)
    assert not await ask(world, "eve", f"/incident {verb} a bad deploy, rolled back", room)
    assert (ROOM, "✅ *INC-1 is resolved* by <@U0EVE>: a bad deploy, rolled back") in world.posts()
    assert not await ask(world, "eve", "/incident reopen it is back", room)
    posts = world.posts()
    (said,) = [words for place, words in posts if place == ROOM and "reopened" in words]
    assert "<@U0EVE>: it is back" in said
    assert "ada" in [place for place, _ in posts]
    await ask(world, "eve", f"/incident {verb}", room)
    assert (ROOM, "✅ *INC-1 is resolved* by <@U0EVE>") in world.posts(), "how it ended before is told no more"


async def test_reopening_outside_a_room_offers_the_resolved_incidents(world: World) -> None:
    room = await declared(world)
    await declared(world, "P3 Search is slow")
    await ask(world, "eve", "/incident resolve", room)
    question = (await asked(world, "eve", "/incident reopen it is back")).messages[-1]
    assert world.eve.labels(question) == ["INC-1 P1 Payments failing"]
    await world.eve.presses("INC-1 P1 Payments failing", question)
    await world.settled()
    assert "*INC-1* reopened" in words_of(question)


async def test_a_command_is_answered_only_if_no_post_shows_its_effect(world: World) -> None:
    room = await declared(world)
    assert "impact" in await ask(world, "eve", "/incident impact nobody can pay", room)
    assert not await ask(world, "ada", "/incident acknowledge", room)
    assert any("<@U0ADA>" in words for words in world.said_in(ROOM))
    assert "INC-1" in await ask(world, "ada", "/incident status INC-1 monitoring", "#general")


async def test_a_role_can_be_given_only_to_a_person_in_the_workspace(world: World) -> None:
    await ask(world, "eve", "/incident declare P3 Search is slow")
    room = world.workspace.channel(world.room("INC-1"))
    for command in ("/incident role comms <@U0NOBODY>", f"/incident lead <@{world.workspace.bot.id}>"):
        assert "isn't in this workspace" in await ask(world, "eve", command, room)
    assert (await world.house.incidents.find("INC-1")).roles == {}


async def test_giving_a_role_to_its_holder_says_who_has_it(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident lead ada", room)
    assert "Ada" in await ask(world, "eve", "/incident lead ada", room)
    assert "lead: Ada Obi" in await ask(world, "eve", "/incident timeline", room)


@pytest.mark.parametrize("word", ["snooze", "oncall", "cover", "simulate"])
async def test_a_verb_of_another_command_is_answered_with_that_command(world: World, word: str) -> None:
    assert f"`/escalate {word}`" in await ask(world, "eve", f"/incident {word}")


async def test_a_long_list_has_a_button_for_its_next_page(world: World) -> None:
    for number in range(23):
        await world.eve.types(f"/incident declare P3 Trouble {number}")
    await world.settled()
    shown = (await asked(world, "eve", "/incident list")).messages[-1]
    assert "and 3 more" in words_of(shown)
    await world.eve.presses("Next 3", shown)
    await world.settled()
    rest = words_of(whispered(world, "eve", "#general")[-1])
    assert all(f"*INC-{number}*" in words_of(shown) + rest for number in range(1, 24))
    assert rest.count("• *INC-") == 3


def topic_lines(world: World) -> int:
    return len([one for one in world.workspace.messages(world.room()) if one.subtype == "channel_topic"])


@pytest.mark.parametrize("was_done", [True, False])
async def test_a_topic_whose_response_was_lost_is_not_set_twice(world: World, was_done: bool) -> None:
    world.workspace.faults.drop("conversations.setTopic", after=was_done)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await world.passes(seconds=2)
    assert topic_lines(world) == 1


async def test_a_room_with_a_topic_of_an_older_version_gets_the_current_one(world: World) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    renewed = (ROOT / "bot/store/migrations/0087_topics_that_stay.sql").read_text()

    async def again() -> None:
        async with world.house.db.transaction() as conn:
            await conn.execute(renewed.replace("now()", "%(now)s").encode(), {"now": world.clock.now()})
        await world.passes(seconds=1)

    await again()
    assert topic_lines(world) == 1, "it has it already"
    world.workspace.channel(world.room()).topic = "INC-1 P1 investigating: Payments failing"
    await again()
    assert world.workspace.channel(world.room()).topic == "INC-1 · Payments failing"


@pytest.mark.parametrize("typed", ["status identified", "severity P3 one customer of many", "lead @ben"])
async def test_a_change_is_one_post_and_does_not_change_the_topic(world: World, typed: str) -> None:
    room = await declared(world)
    assert not await ask(world, "eve", f"/incident {typed}", room), "the post in the room says it"
    assert len([place for place, _ in world.posts() if place == ROOM]) == 1
    assert topic_lines(world) == 1
    world.nothing_else_was_sent()

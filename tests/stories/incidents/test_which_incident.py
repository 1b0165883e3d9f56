"""Which incident a command means: that of the room, the one referred to, or else the one the caller chooses."""

from tests.stories.asking import ROOM, ask, asked, declared, notes, told, whispered
from tests.world import World, words_of


async def test_a_reference_before_or_after_the_verb_selects_the_incident_anywhere(world: World) -> None:
    await declared(world)
    other = await declared(world, "P3 Search is slow")
    await ask(world, "eve", "/incident note INC-1 typed in general")
    await ask(world, "eve", "/incident note inc-1 typed in another room", other)
    await ask(world, "eve", "/incident INC-1 note reference first")
    assert await notes(world, 1) == ["typed in general", "typed in another room", "reference first"]
    assert await notes(world, 2) == []
    world.nothing_else_was_sent()


async def test_a_title_may_begin_with_a_number_or_the_reference_of_another_incident(world: World) -> None:
    await declared(world)
    assert "declared as P2: 500 errors" in await ask(world, "eve", "/incident declare 500 errors")
    assert "declared as P2: INC-1 again" in await ask(world, "eve", "/incident declare INC-1 again")


async def test_outside_a_room_the_callers_own_incidents_are_offered_first(world: World) -> None:
    await declared(world, "P1 Of Eve", by="eve")
    await declared(world, "P2 Of Ben", by="ben")
    await declared(world, "P3 Of Dev", by="dev")
    await ask(world, "ben", "/incident lead INC-3")

    answer = await asked(world, "ben", "/incident note hello")
    assert told(answer).startswith("*Which incident? (`/incident note`)*")
    assert world.ben.labels(answer.messages[-1]) == ["INC-2 P2 Of Ben", "INC-3 P3 Of Dev", "INC-1 P1 Of Eve"]
    assert await notes(world, 1) == await notes(world, 2) == await notes(world, 3) == []


async def test_commands_about_an_incident_offer_to_declare_one_if_none_is_open(world: World) -> None:
    for typed in ("/escalate", "/escalate ack", "/incident resolve"):
        answer = await asked(world, "eve", typed)
        assert told(answer).startswith("No incident is open.")
        assert world.eve.labels(answer.messages[-1]) == ["Declare", "Who is on call"]
    world.nothing_else_was_sent()


async def test_choosing_an_incident_does_what_was_typed_and_replaces_the_question_with_the_answer(world: World) -> None:
    await declared(world)
    words = "@ada & <team>: " + "all of it, " * 300
    question = (await asked(world, "eve", f"/incident note {words}")).messages[-1]
    await world.eve.presses("INC-1 P1 Payments failing", question)
    await world.settled()

    assert await notes(world) == [words.replace("@ada", "@Ada Obi").strip()]
    assert words_of(question) == "Added to *INC-1*'s timeline."
    assert whispered(world, "eve", "#general")[-1] is question
    world.nothing_else_was_sent()


async def test_choosing_an_incident_can_open_a_form(world: World) -> None:
    await declared(world)
    question = (await asked(world, "eve", "/incident update")).messages[-1]
    await world.eve.presses("INC-1 P1 Payments failing", question)
    await world.settled()
    await world.eve.submits(values={"What changed?": "A fix is out"})
    await world.settled()
    assert world.posts() == [(ROOM, "📝 *Update* by <@U0EVE>: A fix is out")]
    assert "has your update" in words_of(whispered(world, "eve", "#general")[-1]), "nothing else shows it there"
    world.nothing_else_was_sent()


async def test_escalating_outside_a_room_asks_which_incident_and_then_pages(world: World) -> None:
    await declared(world)
    question = (await asked(world, "eve", "/escalate ceo we need a decision")).messages[-1]
    await world.eve.presses("INC-1 P1 Payments failing", question)
    await world.settled()
    assert "we need a decision" in words_of(world.pages_of("cleo")[0])

    assert "*Engineering Lead* is being paged" in await ask(world, "eve", "/escalate INC-1")
    assert len(world.pages_of("ben")) == 1


async def test_choosing_an_incident_too_late_says_to_type_it_again(world: World) -> None:
    await declared(world)
    question = (await asked(world, "eve", "/incident note hello")).messages[-1]
    async with world.house.db.transaction() as conn:
        await conn.execute("DELETE FROM requests")
    await world.eve.presses("INC-1 P1 Payments failing", question)
    await world.settled()
    assert "That was too long ago. Type it again." in words_of(whispered(world, "eve", "#general")[-1])


async def test_commands_without_a_matching_incident_say_what_to_do(world: World) -> None:
    room = await declared(world)
    assert "No incident is resolved" in await ask(world, "eve", "/incident reopen it is back")
    await ask(world, "eve", "/incident resolve", room)
    for typed in ("/incident note hello", "/escalate", "/escalate lead help"):
        said = await ask(world, "eve", typed)
        assert said.startswith(
            "No incident is open. `/incident declare &lt;what is wrong&gt;` opens one and pages people"
        )


async def test_a_list_shows_grave_and_unacknowledged_incidents_first_and_drills_last(world: World) -> None:
    await declared(world, "P1 Acknowledged", by="ben")
    await ask(world, "ben", "/escalate ack INC-1")
    await declared(world, "P1 Waiting", by="ben")
    await declared(world, "P3 Small and new", by="ben")
    await ask(world, "ben", "/incident drill P1 Rehearsed")

    said = await ask(world, "eve", "/incident list")
    assert [line.split("*")[1] for line in said.splitlines() if line.startswith("•")] == [
        "INC-2", "INC-1", "INC-3", "INC-4",
    ]  # fmt: skip
    choice = (await asked(world, "eve", "/incident note hello")).messages[-1]
    assert [label.split()[0] for label in world.eve.labels(choice)] == ["INC-2", "INC-1", "INC-3", "DRILL"]


async def test_an_argument_no_incident_accepts_is_refused_before_asking_which_incident(world: World) -> None:
    await declared(world)
    await declared(world, "P3 Search is slow")
    for typed, said in (
        ("severity P9", "There is no severity “P9”"),
        ("status foo", "“foo” is not a status"),
        ("tell nobody", "has no audiences"),
    ):
        answer = await asked(world, "eve", f"/incident {typed}")
        assert said in told(answer) and world.eve.labels(answer.messages[-1]) == [], typed
    for typed in ("severity P1", "status identified", "severity", "tell"):
        assert told(await asked(world, "eve", f"/incident {typed}")).startswith("*Which incident?"), typed

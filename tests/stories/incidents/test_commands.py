"""`/incident`, verb by verb: what it does, what the caller is told, and what everybody else sees."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.rendering import escape_mrkdwn
from bot.sandbox.workspace import Workspace
from tests.stories.asking import ROOM, ask, asked, count, declared, posted, timeline, told, whispered
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_only_the_caller_sees_the_answer_to_a_declaration(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        words = await ask(world, "eve", "/incident declare P1 Payments failing")
        assert words.startswith("*INC-1* declared as P1: Payments failing")
        assert f"The channel is <#{world.room()}>" in words
        assert sorted(place for place, _ in world.posts()) == [ROOM, "#incidents", "ada"]
        world.nothing_else_was_sent()


@pytest.mark.parametrize("verb", ["declare", "new", "open", "create", "DECLARE"])
async def test_the_severity_is_optional_and_synonyms_of_declare_work(world: World, verb: str) -> None:
    assert "declared as P2: Search is slow" in await ask(world, "eve", f"/incident {verb} Search is slow")


@pytest.mark.parametrize(
    "typed",
    ["declare P1: x y", "declare [P1] x y", "new sev1 x y", "new critical: x y", "P1 x y", "[P1] x y", "SEV-1 x y"],
)
async def test_a_severity_is_understood_in_the_forms_people_write_it(world: World, typed: str) -> None:
    said = await ask(world, "eve", f"/incident {typed}")
    assert "INC-1* declared as P1: x y" in said and "If you meant" not in said


async def test_a_title_that_may_name_a_severity_is_never_silently_given_the_default(world: World) -> None:
    assert "declared as P1: critical payments failing" in (
        said := await ask(world, "eve", "/incident new critical payments failing")
    )
    assert "P1 was read" in said and "/incident severity INC-1 &lt;SEV&gt;" in said
    said = await ask(world, "eve", "/incident declare Low disk space")
    assert "declared as P2: Low disk space" in said and "`/incident severity INC-2 P3" in said
    assert "INC-2* is P3" in await ask(world, "eve", "/incident severity INC-2 P3 one disk of many")


async def test_a_severity_typed_with_a_letter_for_its_digit_is_understood_and_the_answer_says_so(world: World) -> None:
    said = await ask(world, "eve", "/incident declare Pl Payments failing")
    assert "INC-1* declared as P1: Payments failing" in said
    assert "“Pl” was read as P1" in said and "/incident severity INC-1 &lt;SEV&gt;" in said
    said = await ask(world, "eve", "/incident declare PI planning is broken")
    assert "declared as P1: PI planning is broken" in said and "P1 was read from the title" in said


async def test_a_severity_can_be_changed_by_its_name_or_number(world: World) -> None:
    room = await declared(world, "P3 Payments failing")
    assert "→ *P1*" in await posted(world, "eve", "/incident severity critical", room)
    assert "→ *P2*" in await posted(world, "eve", "/incident severity [p2]: a way around it", room)
    assert "→ *P3*" in await posted(world, "eve", "/incident sev 3 few are hit", room)
    assert ("severity", "U0EVE", "P1 → P2 (a way around it)") in await timeline(world)


async def test_commands_are_understood_with_the_punctuation_of_phones_and_people(world: World) -> None:
    room = await declared(world)
    assert "is snoozed" in await ask(world, "ada", "/escalate snooze 20 min", room)
    assert "Payments failing" in await ask(world, "ada", "/incident INC-1.")
    assert "Payments failing" in await ask(world, "ada", "/incident show #1")
    assert "Payments failing" in await ask(world, "ada", "/incident #1")
    assert not await ask(world, "ada", "/escalate Ack.", room), "the post in the room says it"
    assert any("<@U0ADA>" in words and "cknowledged" in words for words in world.said_in(room.name))


async def test_a_declaration_without_a_title_opens_a_form(world: World) -> None:
    await asked(world, "eve", "/incident declare")
    assert await count(world) == 0
    answer = await world.eve.submits(values={"What is wrong?": "Payments failing", "Severity": "P1"})
    await world.settled()

    assert answer.errors == {}
    assert world.eve.modals() == []
    assert sorted(place for place, _ in world.posts()) == [ROOM, "#incidents", "ada"]
    assert "*INC-1* declared as P1" in words_of(whispered(world, "eve", "#general")[-1])
    assert world.workspace.direct_messages("eve") == []
    world.nothing_else_was_sent()


async def test_the_form_of_a_drill_declares_a_drill(world: World) -> None:
    await asked(world, "eve", "/incident drill")
    await world.eve.submits(values={"What is wrong?": "Database lost"})
    await world.settled()
    assert all(headline.startswith("DRILL: ") for _, headline in world.posts())
    assert words_of(whispered(world, "eve", "#general")[-1]).startswith("DRILL: *INC-1*")


async def test_an_incident_declared_from_a_message_keeps_where_it_came_from(world: World) -> None:
    complaint = await world.dev.says("@ada customers cannot pay, see https://shop.example.com", "#general")
    await world.eve.uses_shortcut("declare_from_message", complaint)
    await world.settled()
    title = world.eve.modal().values["title"]["text"]["value"]
    assert title == "@Ada Obi customers cannot pay, see https://shop.example.com"

    await world.eve.submits(values={"What is wrong?": "Customers cannot pay"})
    await world.settled()
    link = f"https://{world.workspace.domain}.slack.com/archives/{complaint.channel}/p{complaint.ts.replace('.', '')}"
    assert f"Declared from <{link}|a message> by <@U0DEV>" in words_of(world.card())
    assert ("note", "U0DEV", title) in await timeline(world)
    assert "*INC-1* declared" in words_of(whispered(world, "eve", "#general")[-1])


async def test_trailing_punctuation_from_a_phone_is_ignored_and_me_is_the_caller(world: World) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await ask(world, "ada", "/incident status INC-1 Monitoring.")
    assert "*Status* monitoring" in await ask(world, "ada", "/incident show INC-1,")
    await ask(world, "ada", "/incident role INC-1 Scribe: me")
    await ask(world, "ada", "/incident lead INC-1 me")
    shown = await ask(world, "ada", "/incident show INC-1")
    assert "*Lead* <@U0ADA>" in shown and "*scribe* <@U0ADA>" in shown
    assert "INC-1" in await ask(world, "ada", "/incident list “all”.")


async def test_the_timeline_shows_times_in_the_runbooks_time_zone_and_the_day_if_it_differs(
    world: World,
) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await ask(world, "ada", "/escalate snooze INC-1 20m")
    await ask(world, "ada", "/escalate snooze INC-1 20 hours")
    entries = [words for kind, _, words in await timeline(world) if kind == "snoozed"]
    assert entries == ["until 15:20 BST", "until Fri 11:00 BST"]


async def test_the_card_of_a_private_incident_says_that_it_is_private(world: World) -> None:
    await ask(world, "eve", "/incident private P1 Data breach")
    assert "🔒 Private" in await ask(world, "eve", "/incident show INC-1")
    await ask(world, "eve", "/incident declare P1 Payments failing")
    assert "🔒" not in await ask(world, "eve", "/incident show INC-2")


async def test_only_the_people_involved_in_a_private_incident_can_see_it(world: World) -> None:
    assert "declared as P1, 🔒 private: Data breach" in await ask(world, "eve", "/incident private P1 Data breach")
    assert [place for place, _ in world.posts()] == ["ada", "#inc-2026-08-06-inc-1"]

    assert "breach" not in await ask(world, "dev", "/incident list")
    assert "INC-1 is private" in await ask(world, "dev", "/incident show INC-1")
    assert "INC-1 is private" in await ask(world, "dev", "/incident note INC-1 let me see")
    assert "No incident is open" in await ask(world, "dev", "/incident note let me see")
    await world.dev.opens_home()
    await world.settled()
    assert "Join INC-1" not in world.dev.labels(world.dev.home())
    assert "Data breach" in await ask(world, "ada", "/incident show INC-1")
    world.nothing_else_was_sent()


@pytest.mark.parametrize("form", ["update", "severity", "status", "impact", "resolve", "role", "note"])
async def test_an_outsider_cannot_change_a_private_incident_by_a_forged_form(world: World, form: str) -> None:
    await ask(world, "eve", "/incident private P1 Data breach")
    room = await declared(world, "P2 Search is slow", by="dev")
    if form == "resolve":
        await world.dev.presses("Resolve", world.card("INC-2"))
        await world.settled()
    else:
        await asked(world, "dev", f"/incident {form}", room)
    view = world.dev.modals()[-1]
    carried = json.loads(view.content["private_metadata"])
    view.content["private_metadata"] = json.dumps(carried | {"private": "1"})
    values = {
        "update": {"What changed?": "Let me see"}, "severity": {"Severity": "P3", "Why?": "no reason"},
        "status": {"Status": "monitoring"}, "impact": {"What do users notice?": "All of it"}, "resolve": {},
        "role": {"Who": "dev"}, "note": {"Note": "Let me see"},
    }[form]  # fmt: skip
    before = await timeline(world)
    await world.dev.submits(values=values)
    await world.settled()
    assert "INC-1 is private" in str(world.dev.modal().content)
    assert await timeline(world) == before


async def test_the_list_shows_open_incidents_or_all_of_them(world: World) -> None:
    assert "No incident is open" in await ask(world, "eve", "/incident list")
    assert "There has been no incident yet" in await ask(world, "eve", "/incident list all")
    await declared(world, "P3 Search is slow")
    room = await declared(world)
    await ask(world, "eve", "/incident resolve", room)

    open_ones = await ask(world, "eve", "/incident list")
    assert "INC-1" in open_ones and "INC-2" not in open_ones
    everything = await ask(world, "eve", "/incident list all")
    assert everything.index("INC-2") < everything.index("INC-1")
    assert f"<#{room.id}>" in everything


async def test_show_answers_with_the_state_of_an_incident_and_its_buttons(world: World) -> None:
    room = await declared(world)
    for typed, where in (("show INC-1", "#general"), ("show 1", "#general"), ("show", room), ("INC-1", "#general")):
        answer = await asked(world, "eve", f"/incident {typed}", where)
        assert "Not acknowledged yet" in told(answer)
        assert world.eve.labels(answer.messages[-1]) == [
            "Acknowledge",
            "I'll lead",
            "Post update",
            "Escalate",
            "Resolve",
        ]
    world.nothing_else_was_sent()


async def test_pressing_a_button_on_ones_own_panel_updates_the_panel(world: World) -> None:
    await declared(world)
    panel = (await asked(world, "ada", "/incident show INC-1")).messages[-1]
    await world.ada.presses("Acknowledge", panel)
    await world.settled()
    assert "Acknowledged by <@U0ADA>" in words_of(panel)
    assert world.ada.labels(panel) == ["I'll lead", "Post update", "Escalate", "Resolve"]


async def test_the_resolve_button_asks_for_the_cause_and_whether_it_is_over_first(world: World) -> None:
    room = await declared(world)
    await world.ada.presses("Resolve", world.card())
    await world.settled()
    assert await world.house.incidents.newest(open_only=True)

    answer = await world.ada.submits(values={"Do users still notice it?": "Yes, some still do"})
    assert "not over yet" in answer.errors["impact"] and await world.house.incidents.newest(open_only=True)
    values = {"What was it, and what ended it?": "A bad deploy", "Do users still notice it?": "No, it's over"}
    await world.ada.submits(values=values)
    await world.settled()
    assert "Resolved" in (shown := words_of(world.card())) and "A bad deploy" in shown
    assert "INC-1 is already resolved" in await ask(world, "ada", "/incident resolve", room)


async def test_a_reopening_is_announced_where_the_resolution_was(world: World) -> None:
    room = await declared(world)
    await ask(world, "ada", "/incident resolve", room)
    await ask(world, "ada", "/incident reopen It is back", room)
    over, back = world.said_in("#general")[-2:]
    for said, fact in ((over, "is resolved"), (back, "is back")):
        assert "Payments failing" in said and "INC-1" in said and fact in said


@pytest.mark.parametrize("form", ["update", "severity", "status", "role"])
async def test_no_form_is_opened_for_a_resolved_incident_except_for_a_note(world: World, form: str) -> None:
    room = await declared(world)
    await ask(world, "ada", "/incident resolve", room)
    assert "INC-1 is resolved" in await ask(world, "ada", f"/incident {form}", room)
    assert world.ada.modals() == []
    await ask(world, "ada", "/incident note", room)
    assert "INC-1 is resolved" in str(world.ada.modal().content)


async def test_a_bare_command_shows_the_panel_and_in_a_room_the_incident(world: World) -> None:
    answer = await asked(world, "eve", "/incident")
    assert told(answer).startswith("No incident is open.")
    assert world.eve.labels(answer.messages[-1]) == ["Declare", "Open incidents", "Who is on call", "Help"]
    room = await declared(world)
    answer = await asked(world, "eve", "/incident")
    assert told(answer).startswith("*One incident is open.*")
    answer = await asked(world, "eve", "/incident", room)
    assert told(answer).startswith("*INC-1 · P1 Critical* Payments failing")
    assert "Resolve" in world.eve.labels(answer.messages[-1])
    world.nothing_else_was_sent()


async def test_every_button_of_the_panel_answers(world: World) -> None:
    panel = (await asked(world, "eve", "/incident")).messages[-1]
    for label, words in (
        ("Open incidents", "No incident is open"),
        ("Who is on call", "`oncall` On-call Engineer: Ada Obi"),
        ("Help", "`/incident declare [SEV] &lt;title&gt;`"),
    ):
        await world.eve.presses(label, panel)
        await world.settled()
        assert words in words_of(whispered(world, "eve", "#general")[-1])
    await world.eve.presses("Declare", panel)
    await world.settled()
    assert world.eve.modal().title == "Declare an incident"
    world.nothing_else_was_sent()


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("/incident", "`/incident severity <SEV> [why]`  raise it freely, lower it with a reason"),
        ("/escalate", "`/escalate <tier|@user> <why>`  page this tier or person; the reason is in the page"),
        ("/health", "`/health <check>`  one check, run now"),
        ("/health", "`/health history [check]`  history of the checks: availability and changes"),
        ("/backup", "`/backup run [name]`  take a backup now"),
    ],
)
async def test_help_lists_every_way_to_use_a_command(world: World, command: str, line: str) -> None:
    for typed in ("help", "HELP", "?"):
        words = await ask(world, "eve", f"{command} {typed}")
        assert words.startswith(f"*`{command}`*")
        if command == "/incident":
            assert words.index("declare [SEV]") < words.index("list [open") < words.index("note &lt;text&gt;")
        assert escape_mrkdwn(line) in words
        others = {"/incident", "/escalate", "/health", "/backup"} - {command}
        assert all(f"`{other} help`" in words for other in others)
    world.nothing_else_was_sent()


@pytest.mark.parametrize("typed", ["/backup", "/backup run"])
async def test_the_backup_command_says_if_the_runbook_has_no_backups(world: World, typed: str) -> None:
    assert (await ask(world, "eve", typed)).startswith("*No backups*")
    world.nothing_else_was_sent()


async def test_help_about_a_verb_shows_its_usage_and_does_nothing(world: World) -> None:
    for typed in ("help declare", "declare help"):
        words = await ask(world, "eve", f"/incident {typed}")
        assert (
            escape_mrkdwn("`/incident declare [SEV] <title>`  open an incident") in words
            and "(also: new, open" in words
        )
        assert "resolve" not in words
    assert await count(world) == 0


async def test_joining_from_the_announcement_invites_to_the_room(world: World) -> None:
    room = await declared(world)
    announcement = next(one for one in world.workspace.messages("#incidents") if one.blocks)
    assert world.finn.labels(announcement) == ["Join"]
    await world.finn.presses("Join", announcement)
    await world.settled()
    assert "U0FINN" in room.members
    assert words_of(whispered(world, "finn", "#incidents")[-1]) == f"You are being invited to <#{room.id}>."
    world.nothing_else_was_sent()


async def test_the_app_home_shows_the_gravest_of_many_and_counts_them_all(world: World) -> None:
    await declared(world, "P1 The site is down")
    for number in range(11):
        await ask(world, "eve", f"/incident declare P3 Small {number}")
    await world.finn.opens_home()
    await world.settled()
    home = world.finn.home()
    assert home is not None
    shown = str(home.blocks)
    assert "12 incidents are open" in shown and "The site is down" in shown and "and 2 more" in shown


async def test_the_app_home_shows_the_open_incidents_and_who_is_on_call(world: World) -> None:
    room = await declared(world)
    await world.finn.opens_home()
    await world.settled()
    home = world.finn.home()
    assert home is not None
    shown = str(home.blocks)
    assert "One incident is open" in shown and "Payments failing" in shown and "Ada Obi" in shown
    assert world.finn.labels(home) == ["Declare", "Open incidents", "Who is on call", "Help", "Join INC-1"]

    await world.finn.presses("Join INC-1", home)
    await world.settled()
    assert "U0FINN" in room.members
    assert world.workspace.direct_messages("finn") == [], "the answer is shown over the Home tab"
    await world.finn.presses("Who is on call", home)
    await world.settled()
    assert "On-call Engineer: Ada Obi" in str(world.finn.modal().blocks)
    world.nothing_else_was_sent()


async def test_mentioning_the_bot_in_a_channel_shows_its_panel_to_the_speaker_alone(world: World) -> None:
    await world.eve.invites("tocsin", "#random")
    await world.eve.says("@tocsin are you there?", "#random")
    await world.settled()
    panel = whispered(world, "eve", "#random")[-1]
    assert "Declare" in world.eve.labels(panel)
    world.nothing_else_was_sent()


async def test_every_post_and_every_answer_about_a_drill_begins_with_drill(world: World) -> None:
    await ask(world, "eve", "/incident drill P1 Payments failing")
    room = world.workspace.channel(world.room())
    said = [headline for _, headline in world.posts()]
    for typed in (
        "/incident update all is well",
        "/incident status identified",
        "/incident severity P2 because",
        "/incident role comms @dev",
        "/incident note x",
        "/incident show",
        "/incident timeline",
        "/escalate",
        "/escalate ceo why",
        "/escalate status",
        "/escalate snooze",
        "/incident lead",
        "/incident resolve over",
        "/incident reopen again",
    ):
        answer = await ask(world, "eve", typed, room)
        posts = world.posts()
        said += [headline for _, headline in posts]
        assert (answer or dict(posts)[f"#{room.name}"]).startswith("DRILL: "), typed
    assert len(said) > 12
    assert [headline for headline in said if not headline.startswith("DRILL: ")] == []
    world.nothing_else_was_sent()


PERMISSIONS = """
permissions:
  incident.declare: [tier/lead]
  incident.resolve: [tier/lead, cleo]
  incident.severity: [cleo]
  escalate: [tier/oncall]
"""


async def test_a_deed_without_permission_is_refused_and_names_who_may(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK + PERMISSIONS) as world:
        for typed in ("/incident declare P1 x", "/incident declare", "/incident drill x"):
            assert "(`incident.declare`): Ben Moss. Ask one of them." in await ask(world, "eve", typed)
        assert world.eve.modals() == []
        assert await count(world) == 0

        room = await declared(world, by="ben")
        for typed, names in (
            ("/incident resolve", "Ben Moss, Cleo Fox"),
            ("/incident status resolved", "Ben Moss, Cleo Fox"),
            ("/incident severity P2", "Cleo Fox"),
            ("/escalate", "Ada Obi"),
            ("/escalate lead why not", "Ada Obi"),
        ):
            assert f": {names}. Ask one of them." in await ask(
                world, "ada" if names != "Ada Obi" else "ben", typed, room
            )
        await world.ada.presses("Resolve", world.card())
        await world.settled()
        assert "Ben Moss, Cleo Fox" in words_of(whispered(world, "ada", room)[-1])
        assert await world.house.incidents.newest(open_only=True)
        world.nothing_else_was_sent()


async def test_renamed_commands_work_and_every_hint_uses_their_names(new_world: NewWorld) -> None:
    renamed = RUNBOOK + "slash_commands: {incident: /ops, escalate: /page}\n"

    def install(workspace: Workspace) -> None:
        names = {"/incident": "/ops", "/escalate": "/page"}
        commands = [replace(one, name=names.get(one.name, one.name)) for one in workspace.manifest.commands]
        workspace.manifest = replace(workspace.manifest, commands=tuple(commands))

    async with new_world(runbook=renamed, prepare=install) as world:
        assert "`/ops declare &lt;title&gt;` opens one" in await ask(world, "eve", "/ops list")
        assert "Did you mean `/ops declare`?" in await ask(world, "eve", "/ops decare P1 x")
        assert "`/page ack`" in await ask(world, "eve", "/page help")
        await ask(world, "eve", "/ops declare P1 Payments failing")
        room = world.workspace.channel(world.room())
        assert "*Engineering Lead* is being paged" in await ask(world, "eve", "/page", room)
        await ask(world, "eve", "/ops close", room)
        assert "`/ops reopen &lt;why&gt;`" in await ask(world, "eve", "/ops close", room)


async def test_a_direct_message_is_answered_and_the_bots_own_messages_are_not_stored(world: World) -> None:
    await declared(world)
    home = await world.ada.opens_messages()
    seen = len(home.messages)

    await world.ada.says("help", home)
    await world.settled()
    await world.ada.says("ack", home)
    await world.settled()

    answers = [words_of(one) for one in home.messages[seen:] if one.user == world.workspace.bot.id]
    assert len(answers) == 2
    assert "/incident declare" in answers[0]
    assert "Nothing was done" in answers[1]
    assert "Not acknowledged yet" in words_of(world.card())
    async with world.house.db.statement() as conn:
        kept = await (
            await conn.execute("SELECT FROM requests WHERE body::jsonb -> 'event' ->> 'type' = 'message'")
        ).fetchall()
    assert len(kept) == 2, "each of our own pages is a message too"

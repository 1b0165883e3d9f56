"""Invalid input is answered with what was wrong and what to do, and nothing that was typed is lost."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.model import Message
from tests.stories.asking import ask, asked, count, declared, notes, timeline, told, whispered
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


# Titles


@pytest.mark.parametrize("typed", ["declare P1", "declare P1    ", "private P2", "drill \u200b\u2060"])
async def test_a_title_without_words_declares_nothing_and_shows_how(world: World, typed: str) -> None:
    assert "An incident needs a title. Type what is wrong, for example" in await ask(world, "eve", f"/incident {typed}")
    assert await count(world) == 0
    world.nothing_else_was_sent()


async def test_a_title_of_five_thousand_characters_is_cut_and_kept_in_full_in_the_timeline(world: World) -> None:
    title = "payments " * 555 + "END"
    said = await ask(world, "eve", f"/incident declare P1 {title}")
    assert "Title cut at 200 characters" in said
    (incident,) = await world.house.incidents.newest(open_only=True)
    assert len(incident.title) <= 200 and incident.title.endswith("…")
    assert await timeline(world) == [("declared", "U0EVE", title), *(await timeline(world))[1:]]
    assert len(world.workspace.channel(world.room()).name) <= 80
    assert [str(one) for one in world.workspace.complaints] == []


@pytest.mark.parametrize(("length", "is_cut"), [(200, False), (201, True)])
async def test_a_title_of_two_hundred_characters_is_kept_and_one_more_is_cut(
    world: World, length: int, is_cut: bool
) -> None:
    said = await ask(world, "eve", f"/incident declare {'x' * length}")
    assert ("cut at 200" in said) is is_cut


@pytest.mark.parametrize("title", ["🔥🔥🔥", "支付失败", "Платежи не проходят", "👨‍👩‍👧 ‼"])
async def test_a_title_without_a_letter_slack_allows_is_kept_and_its_room_is_named_by_the_reference(
    world: World, title: str
) -> None:
    assert f"declared as P2: {title}" in await ask(world, "eve", f"/incident declare {title}")
    assert world.workspace.channel(world.room()).name == "inc-2026-08-06-inc-1"
    assert title in words_of(world.card())


@pytest.mark.parametrize("typed", ["P9 Payments failing", "[sev-7] Payments failing", "S4 x"])
async def test_an_unknown_severity_declares_nothing_and_lists_the_known_ones(world: World, typed: str) -> None:
    said = await ask(world, "eve", f"/incident declare {typed}")
    word = typed.split()[0].strip("[]")
    assert f"There is no severity “{word}”. Use P1, P2 or P3. Nothing was declared" in said
    assert await count(world) == 0
    room = await declared(world)
    assert f"There is no severity “{word}”" in await ask(world, "eve", f"/incident severity {word}", room)


async def test_a_pasted_log_is_quoted_in_part(world: World) -> None:
    said = await ask(world, "eve", "/incident " + "ERROR" * 8000)
    assert said.startswith("I do not know “ERRORERROR") and len(said) < 300
    world.nothing_else_was_sent()


SMUGGLED = (
    "@here @channel <!channel> <!everyone> <https://evil.example|https://good.example> <@U0CLEO> &lt;!here&gt; `*_~"
)


async def test_nothing_typed_can_mention_a_channel_or_forge_a_link(world: World) -> None:
    world.workspace.untrusted.update((SMUGGLED, "<!channel>", "<https://evil.example|https://good.example>"))
    room = await declared(world, f"P1 {SMUGGLED}")
    for typed in (
        f"/incident note {SMUGGLED}",
        f"/incident update {SMUGGLED}",
        f"/incident severity P3 {SMUGGLED}",
        f"/incident impact {SMUGGLED}",
        f"/incident {SMUGGLED}",
        f"/incident status {SMUGGLED}",
        f"/incident lead {SMUGGLED}",
        f"/incident role {SMUGGLED}",
        f"/escalate {SMUGGLED}",
        f"/escalate lead {SMUGGLED}",
        f"/escalate snooze {SMUGGLED}",
        f"/health {SMUGGLED}",
        f"/backup {SMUGGLED}",
        "/incident timeline",
        "/incident list",
        "/incident show",
        f"/incident resolve {SMUGGLED}",
    ):
        await ask(world, "eve", typed, room)
    await ask(world, "eve", f"/incident note {SMUGGLED}")
    await asked(world, "eve", "/incident declare")
    await world.eve.submits(values={"What is wrong?": SMUGGLED})
    await world.settled()
    await world.eve.opens_home()
    await world.settled()
    assert await notes(world) == [SMUGGLED]
    assert "<" not in (room.topic or ""), "what is in a topic is mrkdwn too"
    world.posts()
    world.nothing_else_was_sent()


# Words


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("/incident decalre P1 x", "I do not know “decalre”. Did you mean `/incident declare`?"),
        ("/incident xyzzy", "I do not know “xyzzy”. `/incident help` shows what there is."),
        ("/incident payments are down", "To open an incident, type `/incident declare payments are down`."),
        ("/incident INC-1 xyzzy", "I do not know “xyzzy”."),
        ("/incident list mine", "“mine” is not a list. Type `/incident list open` or `/incident list all`."),
        ("/incident show nothing", "“nothing” is not an incident. Type a reference such as `INC-12`"),
        ("/incident show INC-999", "There is no incident INC-999. `/incident list` shows the open ones."),
        ("/incident note INC-999 hello", "There is no incident INC-999."),
        (
            "/incident lead INC-1 @somebody",
            "I don't know anybody called “@somebody”. Mention somebody in this workspace",
        ),
        ("/incident role INC-1 chief @ada", "There is no role “chief”. The roles are: lead, comms, scribe."),
        ("/incident role INC-1 comms", "Type a role and a person: `/incident role &lt;role&gt; @user`."),
        ("/incident role INC-1 comms @somebody", "I don't know anybody called “@somebody”."),
        ("/incident status INC-1 perfect", "“perfect” is not a status. Type one of: investigating, identified"),
        ("/incident severity INC-1 P1", "INC-1 is P1 already."),
        ("/incident severity INC-1 P3", "Lowering the severity needs a reason: `/incident severity P3 &lt;why&gt;`."),
        ("/incident reopen INC-1", "INC-1 is open, so there is nothing to reopen."),
        ("/escalate INC-1 leed now", "I do not know “leed”. Did you mean `/escalate lead`?"),
        ("/escalate INC-1 @somebody now", "I don't know anybody called “@somebody”."),
        ("/escalate INC-1 because", "to page the next tier, type `/escalate` alone."),
        ("/escalate snooze INC-1 soon", "“soon” is not a duration: say for example 30s, 15m"),
        ("/escalate snooze INC-1 15", "“15” has no unit: say 15s, 15m or 15h"),
        ("/escalate snooze INC-1 0m", "Say how long to snooze, for example `/escalate snooze 15m`."),
        ("/escalate INC-999", "There is no incident INC-999."),
    ],
)
async def test_an_unknown_word_is_quoted_and_the_answer_says_what_to_type(
    world: World, typed: str, sentence: str
) -> None:
    await declared(world)
    before = await timeline(world)
    assert sentence in await ask(world, "eve", typed)
    assert await timeline(world) == before
    assert world.eve.modals() == []
    world.nothing_else_was_sent()


async def test_a_resolved_incident_refuses_changes_and_says_what_to_do(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident resolve fixed", room)
    world.posts()
    for typed, sentence in (
        ("/incident resolve again", "INC-1 is already resolved. If it is back, type `/incident reopen &lt;why&gt;`."),
        ("/incident status monitoring", "INC-1 is resolved, so you cannot change its status. Reopen it first"),
        ("/incident severity P2 x", "INC-1 is resolved, so you cannot change its severity."),
        ("/incident update x", "INC-1 is resolved, so you cannot post an update."),
        ("/incident lead", "INC-1 is resolved, so you cannot give roles."),
        ("/escalate", "INC-1 is resolved, so you cannot escalate it."),
        ("/escalate ack", "INC-1 is resolved, so you cannot acknowledge it."),
    ):
        assert sentence in await ask(world, "eve", typed, room)
    world.nothing_else_was_sent()


# Buttons and forms


async def test_a_press_on_an_outdated_card_says_what_has_already_been_done(world: World) -> None:
    """Two people press the same buttons before the card is painted again."""
    room = await declared(world)
    card = world.card()
    await world.ada.presses("Acknowledge", card)
    await world.eve.presses("Acknowledge", card)
    for who in ("eve", "ada"):
        await world.workspace.person(who).presses("Resolve", card)
    await world.settled()
    for who in ("eve", "ada"):
        await world.workspace.person(who).submits()
    await world.settled()
    assert any("already" in words_of(one) for who in ("ada", "eve") for one in whispered(world, who, room))
    assert "INC-1 is already resolved" in str(world.ada.modals() + world.eve.modals())
    assert [kind for kind, _, _ in await timeline(world)].count("resolved") == 1


async def press(world: World, who: str, message: Message, **changed: Any) -> Any:
    """Press the first button of this message with other values, as another version may have made it."""
    block = next(block for block in message.blocks or [] if block["type"] == "actions")
    element = block["elements"][0]
    before = dict(element)
    element.update(changed)
    for name in [name for name, value in changed.items() if value is None]:
        del element[name]
    action = {"block_id": block["block_id"], "action_id": element["action_id"]}
    answer = await world.workspace.person(who).acts(message, action, {})
    await world.settled()
    element.clear()
    element.update(before)
    return answer


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_a_button_from_another_version_is_answered_with_what_to_type(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        await declared(world)
        said = told(await press(world, "eve", world.card(), action_id="incident.teleport"))
        assert said == "This button is from an older version of Tocsin. Type the command instead: `/incident help`."
        said = told(await press(world, "eve", world.card(), value="4711"))
        assert said == "There is no incident INC-4711. `/incident list` shows the open ones."
        said = told(await press(world, "eve", world.card(), value=None))
        assert "is not an incident" in said
        world.nothing_else_was_sent()


async def test_a_press_on_a_link_button_is_acknowledged_without_an_answer(world: World) -> None:
    await declared(world)
    answer = await press(world, "eve", world.card(), action_id="somewhere", url="https://example.com", value=None)
    assert answer.error is None
    assert answer.messages == []
    world.nothing_else_was_sent()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ("/incident declare", "title", "Type what is wrong, in a few words."),
        ("/incident update INC-1", "update", "Type what changed, in a sentence."),
        ("/incident note INC-1", "note", "Type what is to be remembered."),
        ("/incident impact INC-1", "impact", "Type what users notice, in a sentence."),
    ],
)
async def test_an_empty_field_shows_its_error_and_the_form_stays_open(
    world: World, typed: str, field: str, sentence: str
) -> None:
    await declared(world)
    await asked(world, "eve", typed)
    before = await timeline(world)
    assert set((await world.eve.submits()).errors) == {field}, "Slack itself asks for what is required"
    assert (await world.eve.submits(values={field: "   \n "})).errors == {field: sentence}
    await world.settled()
    assert len(world.eve.modals()) == 1
    assert (await timeline(world), await count(world)) == (before, 1)
    world.nothing_else_was_sent()


async def test_an_invalid_duration_for_the_next_update_shows_its_error_at_the_field(world: World) -> None:
    await declared(world)
    await asked(world, "eve", "/incident update INC-1")
    answer = await world.eve.submits(values={"What changed?": "A fix is out", "Next update in": "soon"})
    assert answer.errors == {"next_update": "“soon” is not a duration: say for example 30s, 15m, 4h, 7d or 1h30m."}
    assert world.eve.modal().values["update"]["text"]["value"] == "A fix is out"


async def test_a_next_update_can_be_promised_within_a_week_at_most(world: World) -> None:
    await declared(world)
    await asked(world, "eve", "/incident update INC-1")
    answer = await world.eve.submits(values={"What changed?": "A fix is out", "Next update in": "3660d"})
    assert "within 7d" in answer.errors["next_update"]
    assert not (await world.eve.submits(values={"Next update in": "7d"})).errors


async def test_a_form_submitted_too_late_is_opened_again_with_everything_typed(world: World) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident update", room)
    await ask(world, "ada", "/incident resolve", room)
    await world.eve.submits(values={"What changed?": "Cards work again", "Needs": "a nap"})
    await world.settled()

    again = world.eve.modal()
    assert "INC-1 is resolved, so you cannot post an update." in again.blocks[0]["text"]["text"]
    assert again.values["update"]["text"]["value"] == "Cards work again"
    assert again.values["needs"]["text"]["value"] == "a nap"

    await world.eve.submits()
    await world.settled()
    assert [block["type"] for block in world.eve.modal().blocks].count("section") == 1, "it is said once, not twice"
    await ask(world, "ada", "/incident reopen", room)
    await world.eve.submits()
    await world.settled()
    assert world.eve.modals() == []
    assert "Cards work again" in words_of(world.card())
    assert [str(one) for one in world.workspace.complaints] == []


async def test_if_slack_does_not_open_a_form_the_answer_says_what_to_do(world: World) -> None:
    world.workspace.faults.refuse("views.open", "expired_trigger_id")
    said = await ask(world, "eve", "/incident declare")
    assert "The form could not be opened:" in said and "expired_trigger_id" in said
    assert "type it all after the command" in said
    assert world.eve.modals() == []


async def test_forms_and_shortcuts_from_another_version_get_an_explanation(world: World) -> None:
    await asked(world, "eve", "/incident declare")
    form = world.eve.modal()
    form.content["callback_id"] = "incident.teleport"
    await world.eve.submits(values={"What is wrong?": "x"})
    await world.settled()
    assert "This form is from an older version of Tocsin" in words_of(world.workspace.direct_messages("eve")[-1])

    shortcuts = [replace(one, callback_id=one.callback_id + "_2") for one in world.workspace.manifest.shortcuts]
    world.workspace.manifest = replace(world.workspace.manifest, shortcuts=tuple(shortcuts))
    answer = await world.eve.uses_shortcut("add_to_timeline_2", await world.eve.says("hello", "#general"))
    await world.settled()
    assert "This shortcut is from an older version of Tocsin" in told(answer)
    assert await count(world) == 0


# Input that could break a parser


@pytest.mark.parametrize("transport", ["socket", "http"])
@pytest.mark.parametrize(
    "title",
    [
        "kafka payload corrupted",
        "payload",
        'payload={"type": "block_actions"}',
        "50% of $HOME; DROP TABLE incidents; -- {{ 7 * 7 }} {% raw %} %(key)s \\u0000",
        "a\x00b \x1b[31mred\x1b[0m",
        "half a pair \ud83d of surrogates",
    ],
)
async def test_titles_that_look_like_code_or_payloads_are_kept_as_text(
    new_world: NewWorld, transport: str, title: str
) -> None:
    if transport == "http" and "\ud83d" in title:
        pytest.skip("a form over HTTP cannot hold half a pair")
    async with new_world(transport=transport) as world:
        assert "*INC-1* declared as P1: " in await ask(world, "eve", f"/incident declare P1 {title}")
        (incident,) = await world.house.incidents.newest(open_only=True)
        assert incident.title.split()[-1] == title.replace("\x1b", " ").split()[-1]
        assert [str(one) for one in world.workspace.complaints] == []


async def test_a_command_with_a_thousand_blanks_blocks_no_other(world: World) -> None:
    said = await ask(world, "eve", f"/escalate cover primary from{' ' * 1500}x")
    assert said
    assert "declared" in await ask(world, "eve", "/incident declare P3 next")


async def test_a_command_of_more_than_forty_thousand_characters_is_refused(world: World) -> None:
    assert "40,000 at most" in await ask(world, "eve", "/incident note " + "x" * 40_000)


async def test_the_twenty_first_incident_with_the_same_title_on_one_day_gets_a_room(world: World) -> None:
    name = "inc-2026-08-06-payments-failing"
    for taken in (name, *(f"{name}-{number}" for number in range(2, 21))):
        await world.house.gateway.open_room(taken, private=False)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    assert world.workspace.channel(world.room()).name == f"{name}-inc-1"

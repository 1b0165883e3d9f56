"""The driver: what people type, press, choose and fill in, and what the app receives."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.errors import NotOnScreen
from bot.sandbox.model import User, UserGroup
from bot.sandbox.typed import as_command_text, as_message
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("connected")


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(label: str, action_id: str) -> Json:
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": "INC-1"}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(label: str) -> Json:
    return {"text": plain(label), "value": label.lower()}


def asked(label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(label), "element": element | {"action_id": "it"}, **more}


def form(*blocks: Json, **more: Any) -> Json:
    frame = {"type": "modal", "callback_id": "form", "title": plain("Form"), "submit": plain("Go")}
    return frame | {"blocks": list(blocks)} | more


@pytest.fixture
def heard(app: AsyncApp) -> list[Json]:
    """Every action the app receives, whatever its id."""
    bodies: list[Json] = []

    async def take(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    app.action({"type": "block_actions", "action_id": re.compile(".*")})(take)
    return bodies


@pytest.fixture
def opens(app: AsyncApp, workspace: Workspace, client: AsyncWebClient) -> Callable[..., Any]:
    """Opens a form for Ada by a command, and answers its submission as given."""
    answers: Json = {}

    async def show(content: Json, /, **answer: Any) -> Any:
        answers.update(view=content, answer=answer)
        await workspace.person("ada").types("/incident", "#general")
        return await workspace.until(workspace.person("ada").modal)

    @app.command("/incident")
    async def incident(ack: Any, body: Json) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=answers["view"])

    @app.view("form")
    async def submitted(ack: Any, view: Json) -> None:
        answers["values"] = view["state"]["values"]
        await ack(**answers["answer"])

    show.answers = answers  # type: ignore[attr-defined]
    return show


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("lead @ben now", "lead <@U0BEN> now"),
        ("lead @nobody", "lead @nobody"),
        ("see https://example.com/a?b=1&c=2.", "see <https://example.com/a?b=1&amp;c=2>."),
        ("mail ada@example.com", "mail <mailto:ada@example.com|ada@example.com>"),
        ("example.com is down", "<http://example.com|example.com> is down"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<!channel> wake up", "&lt;!channel&gt; wake up"),
        ("ask @sre", "ask <!subteam^S1|@sre>"),
        ("take 1.5 of v1.2.3", "take 1.5 of v1.2.3"),
    ],
)
def test_an_escaping_command_gets_ids_and_entities(typed: str, escaped: str, workspace: Workspace) -> None:
    workspace.usergroups["S1"] = UserGroup("S1", "sre", "Reliability")
    assert as_command_text(workspace, typed, should_escape=True) == escaped
    assert as_command_text(workspace, typed, should_escape=False) == typed
    assert as_message(workspace, typed) == escaped


def test_channels_are_named_unless_private(workspace: Workspace) -> None:
    workspace.add_channel("secret", private=True)
    text = as_command_text(workspace, "in #general and #secret", should_escape=True)
    public, private = workspace.channel("#general").id, workspace.channel("#secret").id
    assert text == f"in <#{public}|general> and <#{private}|>"


def test_a_broadcast_is_live_when_a_person_types_it(workspace: Workspace) -> None:
    assert as_message(workspace, "@here look") == "<!here> look"


async def test_an_unknown_command_is_refused_by_slack(workspace: Workspace) -> None:
    with pytest.raises(NotOnScreen, match="/deploy is not a valid command"):
        await workspace.person("ada").types("/deploy", "#general")


async def test_commands_do_not_work_in_threads(workspace: Workspace) -> None:
    ada = workspace.person("ada")
    parent = await ada.says("hello", "#general")
    with pytest.raises(NotOnScreen, match="threads"):
        await ada.says("/incident", "#general", thread_ts=parent.ts)


async def test_people_can_type_only_in_channels_they_are_in(workspace: Workspace) -> None:
    workspace.add_channel("ops", members=["U0BEN"])
    with pytest.raises(NotOnScreen, match="Ada Obi is not in ops"):
        await workspace.person("ada").types("/incident", "#ops")
    await workspace.person("ada").joins("#ops")
    assert "U0ADA" in workspace.channel("#ops").members


async def test_in_a_direct_conversation_and_a_private_channel_the_name_is_hidden(
    app: AsyncApp, workspace: Workspace
) -> None:
    names = []

    @app.command("/incident")
    async def incident(ack: Any, body: Json) -> None:
        names.append(body["channel_name"])
        await ack()

    workspace.add_channel("secret", private=True)
    for where in ("@tocsin", "#secret", "#general"):
        await workspace.person("ada").types("/incident", where)
    assert names == ["directmessage", "privategroup", "general"]


async def test_a_button_is_found_by_its_label_with_or_without_emoji(
    client: AsyncWebClient, workspace: Workspace, general: str, heard: list[Json]
) -> None:
    blocks = [actions(button("🚨 Acknowledge", "ack"), button(":fire: Escalate", "up"), button("I'll lead", "lead"))]
    await client.chat_postMessage(channel=general, text="card", blocks=blocks)
    ada = workspace.person("ada")
    card = ada.sees("#general")[-1]
    assert ada.labels(card) == ["Acknowledge", "Escalate", "I'll lead"]
    for label in ("Acknowledge", "🚨 Acknowledge", "Escalate", "I'll lead"):
        assert (await ada.presses(label, card)).error is None
    assert [body["actions"][0]["action_id"] for body in heard] == ["ack", "ack", "up", "lead"]
    assert heard[0]["actions"][0]["value"] == "INC-1"
    assert heard[0]["container"] == {
        "type": "message",
        "message_ts": card.ts,
        "channel_id": general,
        "is_ephemeral": False,
    }
    assert heard[0]["message"]["ts"] == card.ts


async def test_a_missing_or_ambiguous_label_is_refused(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    await client.chat_postMessage(channel=general, text="x", blocks=[actions(button("Go", "a"), button("Go", "b"))])
    ada = workspace.person("ada")
    card = ada.sees("#general")[-1]
    with pytest.raises(NotOnScreen, match="There are 2 buttons 'Go'"):
        await ada.presses("Go", card)
    with pytest.raises(NotOnScreen, match="There are 0 buttons 'Stop'; to press there is: 'Go', 'Go'"):
        await ada.presses("Stop", card)


async def test_an_overflow_entry_is_pressed_like_a_button(
    client: AsyncWebClient, workspace: Workspace, general: str, heard: list[Json]
) -> None:
    more = {"type": "overflow", "action_id": "more", "options": [option("Silence"), option("Attach")]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "alert"}, "accessory": more}
    await client.chat_postMessage(channel=general, text="x", blocks=[section])
    await workspace.person("ada").presses("Attach", workspace.messages("#general")[-1])
    assert heard[0]["actions"][0]["selected_option"] == option("Attach")


async def test_menus_boxes_and_state_are_sent_as_slack_does(
    client: AsyncWebClient, workspace: Workspace, general: str, heard: list[Json]
) -> None:
    menu = {"type": "static_select", "action_id": "sev", "placeholder": plain("Severity"), "options": [option("P1")]}
    done = {"type": "checkboxes", "action_id": "done", "options": [option("Up?"), option("Logs?")]}
    done["initial_options"] = [option("Up?")]
    blocks = [actions(menu) | {"block_id": "a"}, actions(done) | {"block_id": "b"}, actions(button("Send", "send"))]
    await client.chat_postMessage(channel=general, text="x", blocks=blocks)
    ada = workspace.person("ada")
    card = ada.sees("#general")[-1]
    await ada.selects("Severity", "P1", card)
    await ada.ticks("Logs?", card)
    await ada.ticks("Up?", card)
    await ada.presses("Send", card, sev="P1")
    chosen, ticked, cleared, sent = (body["actions"][0] for body in heard)
    assert chosen["selected_option"] == option("P1")
    assert ticked["selected_options"] == [option("Up?"), option("Logs?")]
    assert cleared["selected_options"] == []
    assert sent["type"] == "button"
    values = heard[3]["state"]["values"]
    assert values["a"]["sev"]["selected_option"] == option("P1")
    assert values["b"]["done"]["selected_options"] == [option("Up?")]


async def test_a_press_on_an_ephemeral_message_does_not_include_the_message(
    client: AsyncWebClient, workspace: Workspace, general: str, heard: list[Json]
) -> None:
    blocks = [actions(button("Go", "go"))]
    await client.chat_postEphemeral(channel=general, user="U0ADA", text="psst", blocks=blocks)
    await workspace.person("ada").presses("Go", workspace.person("ada").sees("#general")[-1])
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]


async def test_a_form_is_filled_in_by_labels_and_block_ids(workspace: Workspace, opens: Any) -> None:
    moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    await opens(
        form(
            asked("Title", {"type": "plain_text_input"}),
            asked("Severity", {"type": "static_select", "options": [option("P1"), option("P2")]}, block_id="sev"),
            asked("Lead", {"type": "users_select"}),
            asked("Tell", {"type": "multi_users_select"}),
            asked("Room", {"type": "conversations_select"}),
            asked("Boxes", {"type": "checkboxes", "options": [option("A"), option("B")]}),
            asked("Choice", {"type": "radio_buttons", "options": [option("Yes"), option("No")]}),
            asked("Day", {"type": "datepicker"}),
            asked("Hour", {"type": "timepicker"}),
            asked("Moment", {"type": "datetimepicker"}),
            asked("Count", {"type": "number_input", "is_decimal_allowed": False}),
            asked("More", {"type": "plain_text_input"}, optional=True),
        )
    )
    answer = await workspace.person("ada").submits(
        values={
            "Title": "Payments",
            "sev": "P2",
            "Lead": "ben",
            "Tell": ["@cleo", "U0DEV"],
            "Room": "#general",
            "Boxes": ["A", "B"],
            "Choice": "No",
            "Day": date(2026, 3, 4),
            "Hour": time(9, 5),
            "Moment": moment,
            "Count": 7,
        }
    )
    assert (answer.error, answer.errors) == (None, {})
    values = [next(iter(fields.values())) for fields in opens.answers["values"].values()]
    held = [next(value for key, value in entry.items() if key != "type") for entry in values]
    assert held == [
        "Payments",
        option("P2"),
        "U0BEN",
        ["U0CLEO", "U0DEV"],
        workspace.channel("#general").id,
        [option("A"), option("B")],
        option("No"),
        "2026-03-04",
        "09:05",
        int(moment.timestamp()),
        "7",
        None,
    ]
    assert workspace.person("ada").modals() == []


async def test_slack_itself_objects_before_anything_is_sent(workspace: Workspace, opens: Any) -> None:
    view = await opens(
        form(
            asked("Title", {"type": "plain_text_input", "max_length": 3}, block_id="t"),
            asked("Count", {"type": "number_input", "is_decimal_allowed": False, "max_value": "5"}, block_id="n"),
            asked("Mail", {"type": "email_text_input"}, block_id="m"),
        )
    )
    ada = workspace.person("ada")
    assert set((await ada.submits(view)).errors) == {"t", "n", "m"}
    answer = await ada.submits(view, {"Title": "four", "Count": "6", "Mail": "ada"})
    assert set(answer.errors) == {"t", "n", "m"}
    assert "values" not in opens.answers
    answer = await ada.submits(view, {"Title": "abc", "Count": "5", "Mail": "ada@example.com"})
    assert answer.errors == {} and ada.modals() == []


async def test_errors_keep_the_form_open_and_must_name_inputs(workspace: Workspace, opens: Any) -> None:
    blocks = (asked("Title", {"type": "plain_text_input"}, block_id="t"), {"type": "divider", "block_id": "line"})
    view = await opens(form(*blocks), response_action="errors", errors={"t": "Too vague."})
    ada = workspace.person("ada")
    answer = await ada.submits(view, {"Title": "x"})
    assert answer.errors == {"t": "Too vague."} and ada.modal() is view
    opens.answers["answer"]["errors"] = {"line": "what?"}
    assert (await ada.submits(view)).error == "invalid_response"
    assert "no input block: line" in workspace.complaints[-1].what


async def test_a_submission_may_update_push_or_clear(workspace: Workspace, opens: Any) -> None:
    ada = workspace.person("ada")
    await opens(form(), response_action="update", view=form(title=plain("Second")))
    await ada.submits()
    assert [view.title for view in ada.modals()] == ["Second"]
    opens.answers["answer"] = {"response_action": "push", "view": form(title=plain("Third"))}
    await ada.submits()
    await ada.submits()
    assert [view.title for view in ada.modals()] == ["Second", "Third", "Third"]
    assert workspace.complaints == []
    assert (await ada.submits()).error == "invalid_response"
    assert "push_limit_reached" in workspace.complaints[0].what
    opens.answers["answer"] = {"response_action": "clear"}
    await ada.submits()
    assert ada.modals() == []


async def test_closing_a_form_is_reported_when_requested(app: AsyncApp, workspace: Workspace, opens: Any) -> None:
    closed: list[Json] = []

    @app.view_closed("form")
    async def close(ack: Any, body: Json) -> None:
        closed.append(body)
        await ack()

    ada = workspace.person("ada")
    await ada.dismisses(await opens(form()))
    assert closed == []
    await ada.dismisses(await opens(form(notify_on_close=True)))
    assert closed[0]["is_cleared"] is False and "trigger_id" not in closed[0]
    assert ada.modals() == []


async def test_a_trigger_opens_one_form_within_three_seconds(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    trigger = workspace.triggers.give("U0ADA")
    assert (await client.views_open(trigger_id=trigger, view=form()))["view"]["id"].startswith("V")
    assert (await error(client.views_open(trigger_id=trigger, view=form())))["error"] == "exchanged_trigger_id"
    assert (await error(client.views_open(trigger_id="1.2.abc", view=form())))["error"] == "invalid_trigger_id"
    late = workspace.triggers.give("U0ADA")
    workspace.triggers.valid_seconds = 0
    assert (await error(client.views_open(trigger_id=late, view=form())))["error"] == "expired_trigger_id"


async def test_a_flawed_view_does_not_use_up_the_trigger(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    trigger = workspace.triggers.give("U0ADA")
    answer = await error(client.views_open(trigger_id=trigger, view=form(title=plain(""))))
    assert answer["error"] == "invalid_arguments"
    assert (await client.views_open(trigger_id=trigger, view=form()))["ok"]


async def test_a_form_is_pushed_only_from_a_form_and_three_deep(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    outside = workspace.triggers.give("U0ADA")
    assert (await error(client.views_push(trigger_id=outside, view=form())))["error"] == "not_found"
    await client.views_open(trigger_id=outside, view=form())
    for depth in (2, 3):
        trigger = workspace.triggers.give("U0ADA", view=workspace.person("ada").modal().id)
        await client.views_push(trigger_id=trigger, view=form())
        assert len(workspace.person("ada").modals()) == depth
    trigger = workspace.triggers.give("U0ADA", view=workspace.person("ada").modal().id)
    assert (await error(client.views_push(trigger_id=trigger, view=form())))["error"] == "push_limit_reached"


async def test_an_update_knows_hashes_and_external_ids(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    view = form(asked("Title", {"type": "plain_text_input"}, block_id="t"), external_id="mine")
    opened = (await client.views_open(trigger_id=workspace.triggers.give("U0ADA"), view=view))["view"]
    workspace.person("ada").modal().values["t"]["it"]["value"] = "typed so far"
    changed = await client.views_update(external_id="mine", hash=opened["hash"], view=view | {"title": plain("New")})
    assert changed["view"]["state"]["values"]["t"]["it"]["value"] == "typed so far"
    answer = await error(client.views_update(view_id=opened["id"], hash=opened["hash"], view=view))
    assert answer["error"] == "hash_conflict"
    again = workspace.triggers.give("U0BEN")
    assert (await error(client.views_open(trigger_id=again, view=view)))["error"] == "duplicate_external_id"
    assert (await error(client.views_update(view_id="V0NONE", view=view)))["error"] == "not_found"


async def test_home_is_published_and_its_buttons_work(
    client: AsyncWebClient, workspace: Workspace, heard: list[Json], error: Any
) -> None:
    ada = workspace.person("ada")
    assert ada.home() is None
    home = {"type": "home", "blocks": [actions(button("Declare", "declare"))]}
    first = (await client.views_publish(user_id="U0ADA", view=home))["view"]
    await ada.presses("Declare", ada.home())
    assert heard[0]["view"]["type"] == "home" and "message" not in heard[0] and "response_url" not in heard[0]
    await client.views_publish(user_id="U0ADA", view=home, hash=first["hash"])
    answer = await error(client.views_publish(user_id="U0ADA", view=home, hash=first["hash"]))
    assert answer["error"] == "hash_conflict"


async def test_shortcuts_carry_the_message(app: AsyncApp, workspace: Workspace) -> None:
    bodies: list[Json] = []

    @app.shortcut("add_to_timeline")
    async def add(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    ada = workspace.person("ada")
    message = await workspace.person("ben").says("Disk is full", "#general")
    assert (await ada.uses_shortcut("add_to_timeline", message)).error is None
    assert bodies[0]["message"]["text"] == "Disk is full" and bodies[0]["message"]["user"] == "U0BEN"
    with pytest.raises(NotOnScreen):
        await ada.uses_shortcut("no_such_thing", message)


async def test_external_menus_ask_the_app(app: AsyncApp, workspace: Workspace, opens: Any) -> None:
    @app.options("it")
    async def offer(ack: Any, payload: Json) -> None:
        await ack(options=[option(payload["value"] + " one")])

    await opens(form(asked("Which", {"type": "external_select"})))
    ada = workspace.person("ada")
    assert await ada.looks_up("pa", "Which") == []
    (offered,) = await ada.looks_up("pay", "Which")
    await ada.submits(values={"Which": offered})
    assert next(iter(opens.answers["values"].values()))["it"]["selected_option"] == offered


async def test_late_answers_arrive_through_the_response_url(app: AsyncApp, workspace: Workspace) -> None:
    @app.command("/incident")
    async def incident(ack: Any, respond: Any) -> None:
        await ack()
        await respond("first")
        await respond("second", response_type="in_channel")

    answer = await workspace.person("ada").types("/incident", "#random")
    await workspace.until(lambda: len(answer.messages) == 2)
    assert answer.text == "first\nsecond"
    assert [message.text for message in workspace.person("ben").sees("#random")] == ["second"]


async def test_a_response_url_may_replace_and_delete_its_message(
    app: AsyncApp, client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    blocks = [actions(button("Go", "go"))]
    told: list[Json] = [
        {"text": "changed", "blocks": blocks, "replace_original": True},
        {"delete_original": True},
    ]

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond(**told.pop(0))

    await client.chat_postEphemeral(channel=general, user="U0ADA", text="psst", blocks=blocks)
    ada = workspace.person("ada")
    message = ada.sees("#general")[-1]
    await ada.presses("Go", message)
    await workspace.until(lambda: message.text == "changed")
    assert message.ephemeral_for == "U0ADA"
    await ada.presses("Go", message)
    await workspace.until(lambda: message not in ada.sees("#general"))
    with pytest.raises(NotOnScreen, match="not on the screen any more"):
        await ada.presses("Go", message)
    assert workspace.complaints == []


async def test_a_response_url_works_five_times_within_thirty_minutes(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    url = workspace.response_urls.give(general, "U0ADA", of_command=True)
    address = f"{workspace.base_url}/response/commands/T0/{url.id}"

    async def use() -> tuple[int, str]:
        assert client.session is not None
        async with client.session.post(address, json={"text": "x"}) as response:
            return response.status, await response.text()

    workspace.clock.move(timedelta(minutes=30))
    assert [await use() for _ in range(5)] == [(200, "ok")] * 5
    assert await use() == (404, "used_url")
    other = workspace.response_urls.give(general, "U0ADA")
    address = f"{workspace.base_url}/response/commands/T0/{other.id}"
    workspace.clock.move(timedelta(minutes=30, seconds=1))
    assert await use() == (404, "expired_url")


async def test_a_response_to_a_thread_goes_to_the_channel(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    url = workspace.response_urls.give(general, "U0ADA")
    address = f"{workspace.base_url}/response/actions/T0/{url.id}"
    assert client.session is not None
    async with client.session.post(address, json={"text": "x", "thread_ts": "1.0"}) as response:
        assert response.status == 400


async def test_flawed_answers_cause_complaints(app: AsyncApp, workspace: Workspace) -> None:
    @app.command("/incident")
    async def incident(ack: Any) -> None:
        await ack(blocks=[{"type": "section"}], text="x")

    answer = await workspace.person("ada").types("/incident", "#general")
    assert answer.messages == []
    assert [complaint.what for complaint in workspace.complaints] == ["invalid_blocks"]


async def test_somebody_new_can_be_added(workspace: Workspace) -> None:
    zoe = workspace.add_user(User("U0ZOE", "zoe", "Zoe Ward", "zoe@example.com"))
    await zoe.joins("#general")
    assert (await zoe.says("hi", "#general")).user == "U0ZOE"
    with pytest.raises(NotOnScreen, match="there are ada, ben"):
        workspace.person("yan")


async def test_waiting_ends_with_the_latest_message(client: AsyncWebClient, workspace: Workspace) -> None:
    await client.chat_postMessage(channel="U0ADA", text="the last words")
    with pytest.raises(TimeoutError, match="the last words"):
        await workspace.until(lambda: False, within=0.05)

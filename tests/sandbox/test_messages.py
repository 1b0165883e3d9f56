"""chat.*, history, pins, bookmarks, reactions and files: messages as strict as Slack's."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Json
from bot.sandbox.workspace import Workspace

DIVIDER = [{"type": "divider"}]


def texts(workspace: Workspace) -> list[str]:
    return [message.text for message in workspace.messages("#general") if message.by_bot]


async def test_a_message_goes_to_an_id_a_name_or_a_person(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    assert (await client.chat_postMessage(channel=general, text="one"))["channel"] == general
    assert (await client.chat_postMessage(channel="#general", text="two"))["channel"] == general
    direct = await client.chat_postMessage(channel="U0ADA", text="three")
    assert direct["channel"].startswith("D")
    assert workspace.direct_messages("ada")[-1].ts == direct["ts"]


async def test_timestamps_increase_while_the_clock_stands_still(client: AsyncWebClient, general: str) -> None:
    stamps = [(await client.chat_postMessage(channel=general, text="x"))["ts"] for _ in range(20)]
    assert stamps == sorted(set(stamps))


async def test_a_stranger_cannot_be_written_to(client: AsyncWebClient, error: Any) -> None:
    assert (await error(client.chat_postMessage(channel="U0NOBODY", text="x")))["error"] == "channel_not_found"
    assert (await error(client.chat_postMessage(channel="#nowhere", text="x")))["error"] == "channel_not_found"


@pytest.mark.parametrize("text", ["", "   "])
async def test_a_message_without_content_is_refused(
    text: str, client: AsyncWebClient, general: str, error: Any, workspace: Workspace
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": general, "text": text})
    assert (await error(call))["error"] == "no_text"
    assert [complaint.what for complaint in workspace.complaints] == ["no_text"]


async def test_flawed_blocks_are_refused_with_their_place(client: AsyncWebClient, general: str, error: Any) -> None:
    answer = await error(client.chat_postMessage(channel=general, text="x", blocks=[{"type": "section"}]))
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == ["missing required field: text or fields [json-pointer:/blocks/0]"]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {answer['errors'][0]}"]


async def test_missing_block_ids_are_generated_and_given_ones_kept(client: AsyncWebClient, general: str) -> None:
    press = {"type": "button", "text": {"type": "plain_text", "text": "A"}}
    blocks: list[Json] = [{"type": "divider"}, {"type": "actions", "block_id": "mine", "elements": [press]}]
    stored = (await client.chat_postMessage(channel=general, text="x", blocks=blocks))["message"]["blocks"]
    assert stored[0]["block_id"] and stored[1]["block_id"] == "mine"
    assert stored[1]["elements"][0]["action_id"]


@pytest.mark.parametrize(("length", "warned"), [(40_000, False), (40_001, True)])
async def test_a_very_long_text_is_truncated_with_a_warning(
    length: int, warned: bool, client: AsyncWebClient, general: str
) -> None:
    answer = await client.chat_postMessage(channel=general, text="x" * length)
    assert len(answer["message"]["text"]) == 40_000
    assert (answer.get("warning") == "message_truncated") is warned


async def test_an_update_has_at_most_4000_characters(client: AsyncWebClient, general: str, error: Any) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    assert (await client.chat_update(channel=general, ts=ts, text="y" * 4000))["ok"]
    assert (await error(client.chat_update(channel=general, ts=ts, text="y" * 4001)))["error"] == "msg_too_long"


async def test_an_update_without_blocks_removes_them(
    client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x", blocks=DIVIDER))["ts"]
    await client.chat_update(channel=general, ts=ts, text="y", blocks=DIVIDER)
    message = workspace.messages("#general")[-1]
    assert message.blocks and message.edited_ts is None
    await client.chat_update(channel=general, ts=ts, text="z")
    assert message.blocks is None and message.edited_ts is not None


async def test_only_ones_own_messages_can_be_changed(
    client: AsyncWebClient, workspace: Workspace, general: str, error: Any
) -> None:
    theirs = await workspace.person("ada").says("hello", "#general")
    answer = await error(client.chat_update(channel=general, ts=theirs.ts, text="x"))
    assert answer["error"] == "cant_update_message"
    assert (await error(client.chat_delete(channel=general, ts=theirs.ts)))["error"] == "cant_delete_message"
    assert (await error(client.chat_update(channel=general, ts="1.000001", text="x")))["error"] == "message_not_found"


async def test_an_update_takes_an_id_and_no_name(client: AsyncWebClient, general: str, error: Any) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    assert (await error(client.chat_update(channel="#general", ts=ts, text="y")))["error"] == "channel_not_found"


async def test_a_deleted_message_is_gone(client: AsyncWebClient, workspace: Workspace, general: str) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    await client.chat_delete(channel=general, ts=ts)
    assert texts(workspace) == []


async def test_an_ephemeral_message_is_visible_to_one_person_only(
    client: AsyncWebClient, workspace: Workspace, general: str, error: Any
) -> None:
    answer = await client.chat_postEphemeral(channel=general, user="U0ADA", text="psst")
    assert workspace.person("ada").sees("#general")[-1].text == "psst"
    assert "psst" not in [message.text for message in workspace.person("ben").sees("#general")]
    history = await client.conversations_history(channel=general)
    assert "psst" not in [message["text"] for message in history["messages"]]
    late = await error(client.chat_update(channel=general, ts=answer["message_ts"], text="x"))
    assert late["error"] == "message_not_found"


async def test_an_ephemeral_message_needs_both_in_the_channel(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    answer = await error(client.chat_postEphemeral(channel=channel, user="U0ADA", text="x"))
    assert answer["error"] == "user_not_in_channel"
    random = workspace.channel("#random").id
    answer = await error(client.chat_postEphemeral(channel=random, user="U0ADA", text="x"))
    assert answer["error"] == "not_in_channel"


async def test_a_reply_needs_its_parent(client: AsyncWebClient, general: str, error: Any) -> None:
    parent = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    reply = await client.chat_postMessage(channel=general, text="y", thread_ts=parent)
    assert reply["message"]["thread_ts"] == parent
    thread = await client.conversations_replies(channel=general, ts=parent)
    assert [message["text"] for message in thread["messages"]] == ["x", "y"]
    assert thread["messages"][0]["reply_count"] == 1
    answer = await error(client.chat_postMessage(channel=general, text="y", thread_ts="1.000001"))
    assert answer["error"] == "cannot_reply_to_message"


async def test_markdown_stands_alone(client: AsyncWebClient, general: str, error: Any) -> None:
    assert (await client.chat_postMessage(channel=general, markdown_text="x" * 12_000))["ok"]
    answer = await error(client.chat_postMessage(channel=general, markdown_text="x" * 12_001))
    assert answer["error"] == "msg_too_long"
    answer = await error(client.chat_postMessage(channel=general, text="x", markdown_text="y"))
    assert answer["error"] == "markdown_text_conflict"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"event_type": "page", "event_payload": {"id": 1}}, None),
        ({"event_type": "page"}, "invalid_metadata_schema"),
        ({"event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "page", "event_payload": []}, "invalid_metadata_schema"),
        ({"event_type": "page", "event_payload": {}, "id": 1}, "invalid_metadata_format"),
    ],
)
async def test_metadata_has_a_type_and_an_object(
    metadata: dict[str, Any], code: str | None, client: AsyncWebClient, general: str, error: Any
) -> None:
    call = client.chat_postMessage(channel=general, text="x", metadata=metadata)
    if code:
        assert (await error(call))["error"] == code
    else:
        assert (await call)["message"]["metadata"] == metadata


async def test_history_shows_metadata_only_when_asked(client: AsyncWebClient, general: str) -> None:
    metadata = {"event_type": "page", "event_payload": {"id": 1}}
    await client.chat_postMessage(channel=general, text="x", metadata=metadata)
    plain = await client.conversations_history(channel=general)
    assert "metadata" not in plain["messages"][0]
    full = await client.conversations_history(channel=general, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata


async def test_history_is_newest_first_and_bounded(client: AsyncWebClient, general: str, error: Any) -> None:
    first, second, third = [(await client.chat_postMessage(channel=general, text=t))["ts"] for t in "abc"]
    after = await client.conversations_history(channel=general, oldest=first)
    assert [message["ts"] for message in after["messages"]] == [third, second]
    within = await client.conversations_history(channel=general, oldest=first, latest=second, inclusive=True)
    assert [message["ts"] for message in within["messages"]] == [second, first]
    answer = await error(client.conversations_history(channel=general, oldest="yesterday"))
    assert answer["error"] == "invalid_ts_oldest"
    assert (await error(client.conversations_history(channel=general, limit=1000)))["error"] == "invalid_limit"
    assert (await client.conversations_history(channel=general, limit=999))["ok"]


async def test_a_permalink_leads_to_the_message(client: AsyncWebClient, general: str, error: Any) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    link = (await client.chat_getPermalink(channel=general, message_ts=ts))["permalink"]
    assert link == f"https://example.slack.com/archives/{general}/p{ts.replace('.', '')}"
    answer = await error(client.chat_getPermalink(channel=general, message_ts="1.000001"))
    assert answer["error"] == "message_not_found"


@pytest.mark.parametrize(("count", "code"), [(100, None), (101, "too_many_attachments")])
async def test_a_message_has_at_most_a_hundred_attachments(
    count: int, code: str | None, client: AsyncWebClient, general: str, error: Any
) -> None:
    call = client.chat_postMessage(channel=general, text="x", attachments=[{"text": "a", "fallback": "a"}] * count)
    assert (await error(call))["error"] == code if code else (await call)["ok"]


async def test_a_message_is_pinned_once(client: AsyncWebClient, workspace: Workspace, general: str, error: Any) -> None:
    ts = (await client.chat_postMessage(channel=general, text="x"))["ts"]
    await client.pins_add(channel=general, timestamp=ts)
    assert (await error(client.pins_add(channel=general, timestamp=ts)))["error"] == "already_pinned"
    assert (await error(client.pins_add(channel=general)))["error"] == "no_item_specified"
    assert (await error(client.pins_add(channel=general, timestamp="1.000001")))["error"] == "message_not_found"
    assert workspace.channel("#general").pins == [ts]
    await client.pins_remove(channel=general, timestamp=ts)
    assert (await error(client.pins_remove(channel=general, timestamp=ts)))["error"] == "no_pin"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, None),
        ({"link": "ftp://example.com"}, "invalid_link"),
        ({"link": ""}, "invalid_link"),
        ({"emoji": "fire"}, "invalid_emoji"),
        ({"emoji": ":fire:"}, None),
        ({"type": "folder"}, "invalid_bookmark_type"),
    ],
)
async def test_a_bookmark_is_a_link(
    changed: dict[str, str], code: str | None, client: AsyncWebClient, general: str, error: Any
) -> None:
    asked = {"channel_id": general, "title": "Page", "type": "link", "link": "https://example.com"} | changed
    call = client.bookmarks_add(**asked)
    assert (await error(call))["error"] == code if code else (await call)["bookmark"]["title"] == "Page"


async def test_a_bookmark_is_edited(client: AsyncWebClient, workspace: Workspace, general: str) -> None:
    added = await client.bookmarks_add(channel_id=general, title="A", type="link", link="https://example.com")
    await client.bookmarks_edit(bookmark_id=added["bookmark"]["id"], channel_id=general, title="B")
    assert [bookmark.title for bookmark in workspace.channel("#general").bookmarks] == ["B"]


async def test_reading_bookmarks_and_reacting_need_scopes_of_their_own(
    client: AsyncWebClient, general: str, error: Any
) -> None:
    assert (await error(client.bookmarks_list(channel_id=general)))["needed"] == "bookmarks:read"
    assert (await error(client.reactions_add(channel=general, name="eyes", timestamp="1")))[
        "needed"
    ] == "reactions:write"


async def test_a_file_is_uploaded_in_three_steps(client: AsyncWebClient, workspace: Workspace, general: str) -> None:
    await client.files_upload_v2(channel=general, content="a,b\n", filename="report.csv", title="Report")
    message = workspace.messages("#general")[-1]
    assert message.subtype == "file_share"
    assert workspace.files[message.files[0]].content == b"a,b\n"
    assert workspace.files[message.files[0]].title == "Report"


async def test_an_upload_that_never_happened_is_not_found(client: AsyncWebClient, general: str, error: Any) -> None:
    ticket = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    files = [{"id": ticket["file_id"], "title": "A"}]
    answer = await error(client.files_completeUploadExternal(files=files, channel_id=general))
    assert answer["error"] == "file_not_found"
    assert (await error(client.files_getUploadURLExternal(filename="a.txt", length=0)))["error"] == "missing_argument"

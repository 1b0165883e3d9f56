"""Which events the app receives, and which not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.manifest import read_manifest
from bot.sandbox.workspace import Workspace

ALL = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_rename",
    "channel_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "reaction_added",
    "reaction_removed",
    "tokens_revoked",
]

Event = dict[str, Any]


@pytest.fixture
async def heard(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, manifest: dict[str, Any], general: str
) -> AsyncIterator[list[Event]]:
    """The envelopes the app received, of any event type."""
    envelopes: list[Event] = []
    manifest["settings"]["event_subscriptions"]["bot_events"] = ALL
    workspace.manifest = read_manifest(manifest)

    async def listen(body: dict[str, Any]) -> None:
        envelopes.append(body)

    for name in {name.partition(".")[0] for name in ALL}:
        app.event(name)(listen)
    yield envelopes


def names(heard: list[Event]) -> list[str]:
    return [envelope["event"]["type"] for envelope in heard]


async def test_the_bot_receives_messages_of_its_channels(workspace: Workspace, heard: list[Event]) -> None:
    ada = workspace.person("ada")
    await ada.says("elsewhere", "#random")
    message = await ada.says("hello", "#general")
    (envelope,) = heard
    event = envelope["event"]
    assert (event["text"], event["ts"], event["channel_type"]) == ("hello", message.ts, "channel")
    assert envelope["api_app_id"] == workspace.app_id
    assert envelope["authorizations"][0]["user_id"] == workspace.bot.id


async def test_a_mention_comes_as_two_events_with_one_timestamp(workspace: Workspace, heard: list[Event]) -> None:
    await workspace.person("ada").says("@tocsin help", "#general")
    assert sorted(names(heard)) == ["app_mention", "message"]
    assert len({envelope["event"]["ts"] for envelope in heard}) == 1
    assert len({envelope["event_id"] for envelope in heard}) == 2
    assert heard[0]["event"]["text"] == f"<@{workspace.bot.id}> help"


async def test_a_direct_message_is_no_mention(workspace: Workspace, heard: list[Event]) -> None:
    await workspace.person("ada").says("@tocsin help", "@tocsin")
    assert [envelope["event"].get("channel_type") for envelope in heard] == ["im"]


async def test_a_reaction_names_its_message(workspace: Workspace, heard: list[Event]) -> None:
    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    heard.clear()
    await workspace.person("ben").reacts("pushpin", message)
    event = heard[0]["event"]
    assert (event["type"], event["user"], event["reaction"]) == ("reaction_added", "U0BEN", "pushpin")
    assert event["item"] == {"type": "message", "channel": message.channel, "ts": message.ts}
    assert event["item_user"] == "U0ADA"


async def test_joins_of_people_and_of_the_bot_are_events(
    client: AsyncWebClient, workspace: Workspace, heard: list[Event]
) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users="U0ADA")
    await workspace.courier.events_arrived()
    joins = [envelope["event"] for envelope in heard if envelope["event"]["type"] == "member_joined_channel"]
    assert [(event["user"], event.get("inviter")) for event in joins] == [
        (workspace.bot.id, None),
        ("U0ADA", workspace.bot.id),
    ]


async def test_opening_the_home_tab_is_an_event(workspace: Workspace, heard: list[Event]) -> None:
    await workspace.person("ada").opens_home()
    event = heard[0]["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "home", "U0ADA")
    assert event["channel"].startswith("D") and "view" not in event


async def test_a_persons_archiving_or_renaming_is_an_event(workspace: Workspace, heard: list[Event]) -> None:
    ada = workspace.person("ada")
    await ada.renames("#random", "offtopic")
    await ada.archives("#offtopic")
    assert names(heard) == ["channel_rename", "channel_archive"]
    assert heard[0]["event"]["channel"]["name"] == "offtopic"
    assert heard[1]["event"]["channel"] == workspace.channel("#offtopic").id


async def test_leaving_and_removing_a_reaction_are_events(workspace: Workspace, heard: list[Event]) -> None:
    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    await ada.reacts("eyes", message)
    await ada.unreacts("eyes", message)
    await ada.leaves("#general")
    assert [n for n in names(heard) if n != "message"] == ["reaction_added", "reaction_removed", "member_left_channel"]


async def test_an_ephemeral_message_is_no_event(
    client: AsyncWebClient, workspace: Workspace, heard: list[Event], general: str
) -> None:
    await client.chat_postEphemeral(channel=general, user="U0ADA", text="psst")
    await workspace.courier.events_arrived()
    assert heard == []


async def test_edited_and_deleted_messages_have_subtypes(workspace: Workspace, heard: list[Event]) -> None:
    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    await ada.edits(message, "hello all")
    await ada.deletes(message)
    subtypes = [envelope["event"].get("subtype") for envelope in heard]
    assert subtypes == [None, "message_changed", "message_deleted"]


async def test_events_without_subscription_or_scope_are_not_sent(
    workspace: Workspace, heard: list[Event], manifest: dict[str, Any]
) -> None:
    workspace.faults.withhold("reactions:read")
    ada = workspace.person("ada")
    message = await ada.says("hello", "#general")
    await ada.reacts("eyes", message)
    assert names(heard) == ["message"]
    manifest["settings"]["event_subscriptions"]["bot_events"] = []
    workspace.manifest = read_manifest(manifest)
    await ada.says("more", "#general")
    assert names(heard) == ["message"]


async def test_an_event_may_come_twice_under_one_id(workspace: Workspace, heard: list[Event]) -> None:
    workspace.courier.repeats_events = True
    await workspace.person("ada").says("hello", "#general")
    assert len(heard) == 2
    assert heard[0]["event_id"] == heard[1]["event_id"]


async def test_events_may_be_delayed_and_arrive_newest_first(workspace: Workspace, heard: list[Event]) -> None:
    workspace.courier.hold_events()
    ada = workspace.person("ada")
    for text in ("one", "two", "three"):
        await ada.says(text, "#general")
    assert heard == []
    workspace.courier.release_events(newest_first=True)
    await workspace.courier.events_arrived()
    assert [envelope["event"]["text"] for envelope in heard] == ["three", "two", "one"]


async def test_uninstalling_is_an_event_and_revokes_the_token(
    client: AsyncWebClient, workspace: Workspace, heard: list[Event], error: Any
) -> None:
    workspace.uninstall()
    await workspace.courier.events_arrived()
    assert sorted(names(heard)) == ["app_uninstalled", "tokens_revoked"]
    assert (await error(client.auth_test()))["error"] == "token_revoked"


async def test_an_event_nobody_listens_to_is_a_complaint(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace, general: str
) -> None:
    workspace.timing.ack_seconds = 0.05
    message = await workspace.person("ada").says("hello", "#general")
    await workspace.person("ada").reacts("eyes", message)
    assert {complaint.where for complaint in workspace.complaints} == {"message", "reaction_added"}

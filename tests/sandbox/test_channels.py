"""conversations.*: channels as strict as Slack's."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import UserGroup
from bot.sandbox.workspace import Workspace


async def room(client: AsyncWebClient, name: str = "inc-1", **more: Any) -> str:
    answer = await client.conversations_create(name=name, **more)
    return str(answer["channel"]["id"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("INC-1", "invalid_name_specials"),
        ("inc 1", "invalid_name_specials"),
        ("inc.1", "invalid_name_specials"),
        ("störung", "invalid_name_specials"),
        ("-_-", "invalid_name_punctuation"),
        ("general", "name_taken"),
    ],
)
async def test_an_invalid_channel_name_is_refused_with_the_reason(
    name: str, code: str, client: AsyncWebClient, error: Any
) -> None:
    assert (await error(client.conversations_create(name=name)))["error"] == code


async def test_a_name_of_eighty_characters_is_allowed(client: AsyncWebClient) -> None:
    assert (await client.conversations_create(name="x" * 80))["channel"]["name"] == "x" * 80


async def test_the_creator_is_a_member_and_an_archived_channels_name_stays_taken(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    channel = await room(client)
    assert workspace.channel(channel).members == [workspace.bot.id]
    await client.conversations_archive(channel=channel)
    assert (await error(client.conversations_create(name="inc-1")))["error"] == "name_taken"


async def test_archiving_removes_the_bot_which_cannot_unarchive(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    channel = await room(client)
    await client.conversations_invite(channel=channel, users="U0ADA")
    await client.conversations_archive(channel=channel)
    assert workspace.channel(channel).members == ["U0ADA"]
    assert (await error(client.conversations_unarchive(channel=channel)))["error"] == "not_in_channel"
    assert (await error(client.conversations_archive(channel=channel)))["error"] == "already_archived"
    assert (await error(client.chat_postMessage(channel=channel, text="x")))["error"] == "is_archived"
    assert (await error(client.conversations_join(channel=channel)))["error"] == "is_archived"


async def test_general_cannot_be_archived(client: AsyncWebClient, general: str, error: Any) -> None:
    assert (await error(client.conversations_archive(channel=general)))["error"] == "cant_archive_general"


async def test_renaming_obeys_the_same_rules(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    channel = await room(client)
    assert (await client.conversations_rename(channel=channel, name="inc-2"))["channel"]["name"] == "inc-2"
    assert (await error(client.conversations_rename(channel=channel, name="general")))["error"] == "name_taken"
    assert (await error(client.conversations_rename(channel=channel, name="No")))["error"] == "invalid_name_specials"


async def test_only_the_creator_can_rename(client: AsyncWebClient, general: str, error: Any) -> None:
    assert (await error(client.conversations_rename(channel=general, name="all")))["error"] == "not_authorized"


@pytest.mark.parametrize("what", ["topic", "purpose"])
async def test_topics_and_purposes_have_250_characters(what: str, client: AsyncWebClient, error: Any) -> None:
    channel = await room(client)
    call = client.conversations_setTopic if what == "topic" else client.conversations_setPurpose
    assert (await call(channel=channel, **{what: "x" * 250}))[what] == "x" * 250
    assert (await error(call(channel=channel, **{what: "x" * 251})))["error"] == "too_long"


async def test_a_new_topic_is_announced_in_the_channel(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = await room(client)
    await client.conversations_setTopic(channel=channel, topic="P1")
    assert workspace.messages(channel)[-1].subtype == "channel_topic"
    found = (await client.conversations_info(channel=channel))["channel"]["topic"]
    assert (found["value"], found["creator"]) == ("P1", workspace.bot.id)
    assert found["last_set"] > 0


async def test_a_non_member_cannot_change_anything(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    random = workspace.channel("#random").id
    for call in (
        client.conversations_setTopic(channel=random, topic="x"),
        client.conversations_invite(channel=random, users="U0ADA"),
        client.conversations_archive(channel=random),
        client.conversations_history(channel=random),
        client.chat_postMessage(channel=random, text="x"),
        client.pins_add(channel=random, timestamp="1.0"),
        client.bookmarks_add(channel_id=random, title="t", type="link", link="https://example.com"),
    ):
        assert (await error(call))["error"] == "not_in_channel"


async def test_a_private_channel_does_not_exist_for_outsiders(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    secret = workspace.add_channel("secret", members=["U0ADA"], private=True).id
    for call in (
        client.conversations_info(channel=secret),
        client.chat_postMessage(channel=secret, text="x"),
        client.conversations_join(channel=secret),
    ):
        assert (await error(call))["error"] == "channel_not_found"
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert "secret" not in [channel["name"] for channel in listed["channels"]]


async def test_inviting_is_all_or_nothing_unless_forced(
    client: AsyncWebClient, workspace: Workspace, error: Any
) -> None:
    channel = await room(client)
    answer = await error(client.conversations_invite(channel=channel, users="U0ADA,U0NOBODY"))
    assert answer["error"] == "user_not_found"
    assert answer["errors"] == [{"user": "U0NOBODY", "ok": False, "error": "user_not_found"}]
    assert "U0ADA" not in workspace.channel(channel).members
    forced = await client.conversations_invite(channel=channel, users="U0ADA,U0NOBODY", force=True)
    assert forced["errors"] == answer["errors"]
    assert "U0ADA" in workspace.channel(channel).members


@pytest.mark.parametrize(
    ("users", "code"),
    [("", "no_user"), ("U0TOCSIN", "cant_invite_self"), (",".join(f"U{n}" for n in range(1001)), "too_many_users")],
)
async def test_bad_invitations_are_refused(users: str, code: str, client: AsyncWebClient, error: Any) -> None:
    channel = await room(client)
    assert (await error(client.conversations_invite(channel=channel, users=users)))["error"] == code


async def test_a_thousand_may_be_invited_at_once(client: AsyncWebClient, error: Any) -> None:
    channel = await room(client)
    users = ",".join(f"U{n}" for n in range(1000))
    assert (await error(client.conversations_invite(channel=channel, users=users)))["error"] == "user_not_found"


async def test_a_member_cannot_be_invited_again(client: AsyncWebClient, error: Any, workspace: Workspace) -> None:
    channel = await room(client)
    await client.conversations_invite(channel=channel, users="U0ADA")
    answer = await error(client.conversations_invite(channel=channel, users="U0ADA"))
    assert answer["error"] == "already_in_channel"
    assert workspace.complaints == []


async def test_joining_twice_is_a_warning(client: AsyncWebClient, general: str) -> None:
    assert (await client.conversations_join(channel=general))["warning"] == "already_in_channel"


async def test_leaving_and_kicking(client: AsyncWebClient, workspace: Workspace, general: str, error: Any) -> None:
    channel = await room(client)
    await client.conversations_invite(channel=channel, users="U0ADA")
    await client.conversations_kick(channel=channel, user="U0ADA")
    assert (await error(client.conversations_kick(channel=channel, user="U0ADA")))["error"] == "not_in_channel"
    assert (await error(client.conversations_kick(channel=channel, user="U0TOCSIN")))["error"] == "cant_kick_self"
    await client.conversations_leave(channel=channel)
    assert workspace.channel(channel).members == []
    assert (await error(client.conversations_leave(channel=general)))["error"] == "cant_leave_general"


async def test_long_lists_are_paginated(client: AsyncWebClient, error: Any) -> None:
    for number in range(5):
        await room(client, f"inc-{number}")
    names, cursor = [], ""
    while True:
        answer = await client.conversations_list(limit=2, cursor=cursor)
        names += [channel["name"] for channel in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert names == ["general", "random", "inc-0", "inc-1", "inc-2", "inc-3", "inc-4"]
    assert (await error(client.conversations_list(cursor="nonsense")))["error"] == "invalid_cursor"


async def test_archived_channels_are_listed_unless_excluded(client: AsyncWebClient) -> None:
    await client.conversations_archive(channel=await room(client))
    assert len((await client.conversations_list())["channels"]) == 3
    assert len((await client.conversations_list(exclude_archived=True))["channels"]) == 2


async def test_members_are_listed(client: AsyncWebClient, general: str) -> None:
    assert len((await client.conversations_members(channel=general))["members"]) == 7


async def test_a_direct_conversation_is_opened_once(client: AsyncWebClient, error: Any) -> None:
    first = await client.conversations_open(users="U0ADA")
    assert first["channel"]["id"].startswith("D")
    assert (await client.conversations_open(users="U0ADA"))["channel"]["id"] == first["channel"]["id"]
    assert (await error(client.conversations_open(users="U0NOBODY")))["error"] == "user_not_found"
    assert (await error(client.api_call("conversations.open")))["error"] == "users_list_not_supplied"
    nine = ",".join(["U0ADA"] * 9)
    assert (await error(client.conversations_open(users=nine)))["error"] == "too_many_users"


async def test_people_are_found_by_email(client: AsyncWebClient, error: Any) -> None:
    assert (await client.users_lookupByEmail(email="Ada@example.com"))["user"]["id"] == "U0ADA"
    assert (await error(client.users_lookupByEmail(email="zoe@example.com")))["error"] == "users_not_found"
    assert (await client.users_info(user="U0BEN"))["user"]["profile"]["email"] == "ben@example.com"
    assert (await error(client.users_info(user="U0NOBODY")))["error"] == "user_not_found"
    assert len((await client.users_list())["members"]) == 7


async def test_emails_are_hidden_without_their_scope(client: AsyncWebClient, workspace: Workspace, error: Any) -> None:
    workspace.faults.withhold("users:read.email")
    assert "email" not in (await client.users_info(user="U0BEN"))["user"]["profile"]
    answer = await error(client.users_lookupByEmail(email="ada@example.com"))
    assert answer["needed"] == "users:read.email"


async def test_user_groups_are_listed(client: AsyncWebClient, workspace: Workspace, manifest: Any) -> None:
    manifest["oauth_config"]["scopes"]["bot"].append("usergroups:read")
    other = Workspace(workspace.clock, manifest)
    workspace.manifest = other.manifest
    workspace.usergroups["S1"] = UserGroup("S1", "sre", "Reliability", ["U0ADA"])
    assert (await client.usergroups_list())["usergroups"][0]["handle"] == "sre"
    assert (await client.usergroups_users_list(usergroup="S1"))["users"] == ["U0ADA"]

"""The repository's manifest: within Slack's limits, and asking for no more than the product needs."""

from typing import Any

from bot.sandbox.limits import limits
from bot.sandbox.manifest import read_manifest


def test_the_commands_and_shortcuts_are_those_of_the_product(manifest: dict[str, Any]) -> None:
    read = read_manifest(manifest)
    assert {command.name: command.should_escape for command in read.commands} == {
        "/incident": True,
        "/escalate": True,
        "/health": False,
        "/backup": False,
    }
    assert {shortcut.callback_id for shortcut in read.shortcuts} == {"add_to_timeline", "declare_from_message"}
    assert read.home_tab and read.interactive and read.bot_name == "tocsin"
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_every_text_is_within_slacks_limits(manifest: dict[str, Any]) -> None:
    most = limits()["manifest"]
    shown, features = manifest["display_information"], manifest["features"]
    assert len(shown["name"]) <= most["name_max"]
    assert len(shown["description"]) <= most["description_max"]
    assert len(features["bot_user"]["display_name"]) <= most["bot_display_name_max"]
    for command in features["slash_commands"]:
        assert len(command["command"]) <= most["command_max"]
        assert len(command["description"]) <= most["command_description_max"]
        assert len(command["usage_hint"]) <= most["usage_hint_max"]
        assert "url" not in command
    for shortcut in features["shortcuts"]:
        assert len(shortcut["description"]) <= most["shortcut_description_max"]


def test_every_event_has_the_scope_it_needs(manifest: dict[str, Any]) -> None:
    read = read_manifest(manifest)
    needed = {
        "app_mention": "app_mentions:read",
        "channel_archive": "channels:read",
        "channel_deleted": "channels:read",
        "channel_left": "channels:read",
        "channel_rename": "channels:read",
        "channel_unarchive": "channels:read",
        "group_archive": "groups:read",
        "group_deleted": "groups:read",
        "group_left": "groups:read",
        "group_rename": "groups:read",
        "group_unarchive": "groups:read",
        "member_joined_channel": "channels:read",
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "message.im": "im:history",
        "reaction_added": "reactions:read",
    }
    free = {"app_home_opened", "app_uninstalled", "tokens_revoked"}
    assert read.events - free == set(needed)
    assert set(needed.values()) <= read.scopes


def test_the_app_asks_for_nothing_it_does_not_use(manifest: dict[str, Any]) -> None:
    read = read_manifest(manifest)
    assert not read.scopes & {"chat:write.public", "chat:write.customize", "users.profile:write", "team:read"}

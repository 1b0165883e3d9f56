"""What the app's manifest grants and requests: commands, scopes, events and shortcuts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    name: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    callback_id: str
    name: str
    is_for_messages: bool


@dataclass(frozen=True)
class Manifest:
    bot_name: str
    commands: tuple[Command, ...]
    shortcuts: tuple[Shortcut, ...]
    scopes: frozenset[str]
    events: frozenset[str]
    home_tab: bool
    interactive: bool

    def command(self, name: str) -> Command | None:
        return next((command for command in self.commands if command.name == name), None)


def read_manifest(document: Mapping[str, Any]) -> Manifest:
    """Parse the loaded `manifest.yml`; raises KeyError if a part that Slack requires is missing."""
    features, settings = document["features"], document["settings"]
    return Manifest(
        bot_name=str(features["bot_user"]["display_name"]),
        commands=tuple(_command(entry) for entry in features.get("slash_commands", ())),
        shortcuts=tuple(_shortcut(entry) for entry in features.get("shortcuts", ())),
        scopes=frozenset(map(str, document["oauth_config"]["scopes"]["bot"])),
        events=frozenset(map(str, settings.get("event_subscriptions", {}).get("bot_events", ()))),
        home_tab=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
        interactive=bool(settings.get("interactivity", {}).get("is_enabled", False)),
    )


def _command(entry: Mapping[str, Any]) -> Command:
    return Command(
        name=str(entry["command"]),
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        should_escape=bool(entry.get("should_escape", False)),
    )


def _shortcut(entry: Mapping[str, Any]) -> Shortcut:
    return Shortcut(str(entry["callback_id"]), str(entry["name"]), is_for_messages=entry["type"] == "message")

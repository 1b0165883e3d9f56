"""The Slack app's manifest: as shipped, and adapted to this workspace."""

import io
from itertools import dropwhile
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from bot.domain.errors import Refused
from bot.runbook import Runbook
from bot.shipped import manifest_file

EVENTS_PATH = "/slack/events"
HTTP_HEAD = "# The Slack app of Tocsin, over HTTP: Slack calls the bot at the addresses below.\n"


def shipped() -> str:
    """The text of `manifest.yml`: for Socket Mode, with the default command names."""
    return manifest_file().read_text("utf-8")


def scopes() -> frozenset[str]:
    """The scopes that the bot's token needs."""
    manifest = YAML(typ="safe").load(shipped())
    return frozenset(map(str, manifest["oauth_config"]["scopes"]["bot"]))


def manifest_for(runbook: Runbook | None, url: str | None) -> str:
    """The manifest with the runbook's command names; for HTTP when `url` says where Slack reaches the bot.

    Keeps comments. Raises Refused for a `url` that Slack would not accept.
    """
    renamed = _renamed(runbook)
    if not renamed and url is None:
        return shipped()
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # no line is folded
    yaml.indent(mapping=2, sequence=4, offset=2)
    manifest = yaml.load(shipped() if url is None else HTTP_HEAD + _without_head(shipped()))
    for command in manifest["features"]["slash_commands"]:
        command["command"] = renamed.get(command["command"], command["command"])
    if url is not None:
        _lead_to(events_url(url), manifest)
    written = io.StringIO()
    yaml.dump(manifest, written)
    return written.getvalue()


def events_url(url: str) -> str:
    """Where Slack sends all requests, from the bot's address with or without the path."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise Refused(f"“{url}” is no address Slack would call. Say one such as https://tocsin.example.com.")
    return f"{url.rstrip('/').removesuffix(EVENTS_PATH)}{EVENTS_PATH}"


def _without_head(text: str) -> str:
    """The opening comment is about Socket Mode."""
    lines = text.splitlines(keepends=True)
    return "".join(dropwhile(lambda line: line.startswith("#"), lines))


def _renamed(runbook: Runbook | None) -> dict[str, str]:
    """Renamed commands: default name → the runbook's name."""
    if runbook is None:
        return {}
    names = {f"/{usual}": name for usual, name in runbook.slash_commands.model_dump().items()}
    return {usual: name for usual, name in names.items() if usual != name}


def _lead_to(address: str, manifest: dict[str, Any]) -> None:
    """Send every request over HTTP to this address: commands, events and interactions."""
    for command in manifest["features"]["slash_commands"]:
        command.insert(1, "url", address)
    settings = manifest["settings"]
    settings["event_subscriptions"].insert(0, "request_url", address)
    settings["interactivity"]["request_url"] = address
    settings["socket_mode_enabled"] = False

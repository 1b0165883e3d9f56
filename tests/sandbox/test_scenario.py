"""The example team, its morning, and the first incident."""

from typing import Any

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.sandbox.scenario import begin, furnish
from bot.sandbox.workspace import Workspace


async def test_the_first_incident_is_declared_through_the_app(
    app: AsyncApp, connected: AsyncSocketModeHandler, workspace: Workspace
) -> None:
    typed: list[tuple[str, str]] = []

    @app.command("/incident")
    async def incident(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        typed.append((body["channel_name"], body["text"].partition(" ")[0]))
        if body["text"].startswith("declare"):
            room = await client.conversations_create(name="inc-search")
            await client.conversations_invite(channel=room["channel"]["id"], users=body["user_id"])

    @app.event("member_joined_channel")
    async def joined(event: dict[str, Any]) -> None:
        pass

    furnish(workspace)
    await begin(workspace)
    assert typed == [("general", "declare"), ("inc-search", "note"), ("inc-search", "note")]
    assert workspace.complaints == []


def test_the_morning_is_quiet_and_friendly(workspace: Workspace) -> None:
    furnish(workspace)
    said = workspace.messages("#general")
    assert len(said) == 4 and not any(message.by_bot for message in said)
    assert "<@U0CLEO>" in said[-1].text

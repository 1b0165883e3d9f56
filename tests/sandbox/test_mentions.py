"""The audit finds mentions and links that untrusted text smuggled into the bot's messages and views."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace

EVIL = "look <!channel> and <https://evil.example|here> or @here, says <@U0CLEO>"
ESCAPED = EVIL.replace("<", "&lt;").replace(">", "&gt;")


def section(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"text": ESCAPED}, []),
        ({"text": EVIL}, ["<!channel>", "<https://evil.example|here>", "<@U0CLEO>"]),
        ({"text": "x", "blocks": section(ESCAPED, verbatim=True)}, []),
        ({"text": "x", "blocks": section(ESCAPED)}, ["@here"]),
        (
            {"text": "x", "blocks": section(EVIL, verbatim=True)},
            ["<!channel>", "<https://evil.example|here>", "<@U0CLEO>"],
        ),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": EVIL[:70]}}]}, []),
        ({"text": ESCAPED, "link_names": True}, ["@here"]),
        ({"text": ESCAPED, "parse": "full"}, ["@here"]),
        ({"text": "a page for <@U0ADA>: <!here>, see <https://example.com|there>, at <!date^1^{time}|12:00>"}, []),
        ({"text": "type `/incident declare <title>`, 1 < 2 > 0"}, ["<title>", "< 2 >"]),
    ],
)
async def test_only_injections_from_untrusted_text_are_found(
    message: dict[str, Any], found: list[str], client: AsyncWebClient, workspace: Workspace, general: str
) -> None:
    workspace.untrusted.add(EVIL)
    await client.chat_postMessage(channel=general, **message)
    assert [violation.split(" in ")[0] for violation in workspace.audit()] == found


async def test_home_and_forms_are_audited_too(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.untrusted.add(EVIL)
    await client.views_publish(user_id="U0ADA", view={"type": "home", "blocks": section("see <!channel>")})
    assert [violation.split(" in ")[0] for violation in workspace.audit()] == ["<!channel>"]


async def test_people_may_mention_whom_they_like(workspace: Workspace) -> None:
    workspace.untrusted.add("<!channel>")
    await workspace.person("ada").says("@channel lunch", "#general")
    assert workspace.audit() == []

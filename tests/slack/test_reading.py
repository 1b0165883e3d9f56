"""Reading others' messages: people's, and those of monitoring that posts to Slack itself."""

from typing import Any

import pytest

from bot.slack.blocks import headline_in, words_in

ALERTMANAGER = {
    "subtype": "bot_message", "bot_id": "B0AM", "username": "Alertmanager", "text": "",
    "attachments": [{
        "id": 1, "color": "a30200", "fallback": "[FIRING:1] InstanceDown (api critical) | http://am.example.com/",
        "title": "[FIRING:1] InstanceDown (api critical)", "title_link": "http://am.example.com/", "pretext": "",
        "text": "", "fields": [{"title": "Instance", "value": "10.0.0.7:9090", "short": True}], "mrkdwn_in": ["text"],
    }],
}  # fmt: skip
GRAFANA = {
    "bot_id": "B0GRAFANA", "user": "U0GRAFANA", "text": "",
    "attachments": [{
        "title": "[FIRING:1] Memory high (blue)", "fallback": "[FIRING:1] Memory high (blue)", "footer": "Grafana v11",
        "text": "**Firing**\n\nValue: B=44.2", "image_url": "https://grafana.example.com/a.png", "ts": 1786024900,
    }],
}  # fmt: skip
SENTRY = {
    "bot_id": "B0SENTRY", "text": "",
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<https://sentry.example.com/7|*TypeError*>"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "State: *New*"}, {"type": "image"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Resolve"}}]},
    ],
}  # fmt: skip
GITHUB = {
    "bot_id": "B0GITHUB", "text": "",
    "attachments": [{
        "fallback": "[shop] Build failed", "color": "d73a49",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Build *failed* on `main`"},
                    "fields": [{"type": "mrkdwn", "text": "Took 3 min"}]}],
    }],
}  # fmt: skip
UNDER_A_LINK = {
    "user": "U0EVE", "text": "See <https://status.example.com>",
    "attachments": [{"from_url": "https://status.example.com", "title": "All systems operational"}],
}  # fmt: skip
FORWARDED = {
    "user": "U0EVE", "text": "",
    "attachments": [{"is_msg_unfurl": True, "from_url": "https://x.slack.com/p1", "text": "The site is down"}],
}  # fmt: skip
RICH = {
    "user": "U0EVE", "text": "",
    "blocks": [{"type": "rich_text", "elements": [
        {"type": "rich_text_section", "elements": [
            {"type": "text", "text": "Ask "}, {"type": "user", "user_id": "U0ADA"}, {"type": "text", "text": ", see "},
            {"type": "link", "url": "https://a.example.com"}]},
        {"type": "rich_text_list", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": one}]} for one in ("disk", "memory")]},
    ]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("message", "headline", "words"),
    [
        (
            ALERTMANAGER, "[FIRING:1] InstanceDown (api critical)",
            ["[FIRING:1] InstanceDown (api critical)", "Instance: 10.0.0.7:9090"],
        ),
        (
            GRAFANA, "[FIRING:1] Memory high (blue)",
            ["[FIRING:1] Memory high (blue)", "**Firing**\n\nValue: B=44.2"],
        ),
        (SENTRY, "*TypeError*", ["<https://sentry.example.com/7|*TypeError*>", "State: *New*"]),
        (GITHUB, "Build *failed* on `main`", ["Build *failed* on `main`", "Took 3 min"]),
        ({"text": "", "attachments": [{"fallback": "Disk full"}]}, "Disk full", ["Disk full"]),
        (
            {"text": "CI", "attachments": [{"pretext": "Build", "title": "Failed", "text": "CI"}]}, "CI",
            ["CI", "Build", "Failed"],
        ),
        (UNDER_A_LINK, "See <https://status.example.com>", ["See <https://status.example.com>"]),
        (FORWARDED, "The site is down", ["The site is down"]),
        (RICH, "Ask <@U0ADA>, see <https://a.example.com>", [
            "Ask <@U0ADA>, see <https://a.example.com>", "disk\nmemory",
        ]),
        ({}, "", []),
    ],
)  # fmt: skip
def test_a_messages_text_is_what_people_see(message: dict[str, Any], headline: str, words: list[str]) -> None:
    assert (headline_in(message), words_in(message)) == (headline, words)


@pytest.mark.parametrize("odd", [None, 7, "x", [None, 7], [[]], {"type": "section"}, [{"text": {"text": 7}}]])
def test_invalid_blocks_have_no_text(odd: object) -> None:
    attached = {"fields": odd, "blocks": odd, "title": odd if odd != "x" else None}
    assert words_in({"text": odd if odd != "x" else None, "blocks": odd, "attachments": [attached, odd]}) == []


def test_nested_rich_text_is_read_only_to_a_limited_depth() -> None:
    deep: dict[str, Any] = {"type": "text", "text": "down there"}
    for _ in range(5_000):
        deep = {"type": "rich_text_section", "elements": [deep]}
    assert words_in({"blocks": [{"type": "rich_text", "elements": [deep]}]}) == []
    assert len(words_in({"attachments": [{"title": str(number)} for number in range(5_000)]})) == 100

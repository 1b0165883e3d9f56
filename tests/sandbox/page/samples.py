"""Sample blocks and forms as a bot sends them, one of every kind."""

from typing import Any

EVIL = "<img src=x onerror=window.caught=1> <script>window.caught=1</script> <javascript:window.caught=1|press me>"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(label: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": label.lower(), "text": plain(label), "value": "INC-1", **more}


def options(*labels: str) -> list[dict[str, Any]]:
    return [{"text": plain(label), "value": label.lower()} for label in labels]


def asks(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "v"} | element,
        **more,
    }


def form(*more: dict[str, Any]) -> dict[str, Any]:
    severity = {"type": "static_select", "options": options("P1", "P2", "P3"), "initial_option": options("P2")[0]}
    blocks = [
        asks("what", "What is wrong?", {"type": "plain_text_input"}),
        asks("severity", "Severity", severity),
        *more,
    ]
    heading = {"title": plain("Declare an incident"), "submit": plain("Declare"), "close": plain("Cancel")}
    return {"type": "modal", "callback_id": "declare", **heading, "blocks": blocks}


def rich_text() -> dict[str, Any]:
    words = [{"type": "text", "text": "bold", "style": {"bold": True}}, {"type": "user", "user_id": "U0BEN"}]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "first thing"}]}
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": words},
            {"type": "rich_text_list", "style": "ordered", "elements": [item]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a quotation"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "pm2 restart"}]},
        ],
    }


def every_block() -> list[dict[str, Any]]:
    menus = [
        {"type": "users_select", "action_id": "who", "placeholder": plain("Who leads?")},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-02"},
        {"type": "radio_buttons", "action_id": "sure", "options": options("Yes", "No")},
        {"type": "overflow", "action_id": "more", "options": options("Silence")},
    ]
    cells = [[{"type": "raw_text", "text": text} for text in row] for row in (("Database", "Age"), ("orders", "3 h"))]
    picture = {"type": "image", "image_url": "https://example.com/dot.png", "alt_text": "A dot"}
    return [
        {"type": "header", "text": plain("Payments failing :fire:")},
        section("*Status* investigating", fields=[mrkdwn("*Lead* <@U0BEN>")], accessory=button("Attach")),
        {"type": "context", "elements": [mrkdwn("since <!date^1772442000^{date_num}|nine>")]},
        {"type": "divider"},
        {"type": "actions", "elements": menus},
        picture,
        asks("note", "Quick note", {"type": "plain_text_input"}, dispatch_action=True),
        rich_text(),
        {"type": "table", "rows": cells},
    ]

"""What Slack refuses in a message's blocks, on both sides of every limit."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.strict.surfaces import judge_blocks

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "words", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(number: int = 1, **more: Any) -> Json:
    return {"type": "button", "text": plain("Press"), "action_id": f"a{number}", **more}


def option(number: int = 1, **more: Any) -> Json:
    return {"text": plain(f"Option {number}"), "value": f"v{number}", **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def menu(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "m", **more}


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "a picture", "image_url": "https://example.com/a.png"} | more


def asked(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Why"), "element": element, **more}


def context(*elements: Json) -> Json:
    return {"type": "context", "elements": list(elements)}


def options(count: int) -> list[Json]:
    return [option(number) for number in range(count)]


def table(rows: int, cells: int = 1, text: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * cells] * rows}


def data_table(rows: int, **more: Any) -> Json:
    return {"type": "data_table", "caption": "c", "rows": [[{"type": "raw_text", "text": "x"}]] * rows, **more}


def card(**more: Any) -> Json:
    return {"type": "card", **more}


def container(children: int, **more: Any) -> Json:
    return {"type": "container", "title": plain("t"), "child_blocks": [section()] * children} | more


def pie(segments: int, **more: Any) -> Json:
    parts = [{"label": f"s{n}", "value": n + 1} for n in range(segments)]
    return {"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": parts}} | more


def confirm(**more: Any) -> Json:
    return {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")} | more


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def rich_section(*leaves: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(leaves)}


LIMITS: dict[str, Callable[[int], list[Json]]] = {
    "blocks": lambda n: [{"type": "divider"}] * n,
    "section text": lambda n: [section("x" * n)],
    "section fields": lambda n: [{"type": "section", "fields": [mrkdwn("x")] * n}],
    "section field text": lambda n: [{"type": "section", "fields": [mrkdwn("x" * n)]}],
    "header text": lambda n: [{"type": "header", "text": plain("x" * n)}],
    "context elements": lambda n: [context(*[mrkdwn("x")] * n)],
    "context text": lambda n: [context(mrkdwn("x" * n))],
    "actions elements": lambda n: [actions(*map(button, range(n)))],
    "block_id": lambda n: [section(block_id="x" * n)],
    "action_id": lambda n: [actions(button(action_id="x" * n))],
    "button text": lambda n: [actions(button(text=plain("x" * n)))],
    "button value": lambda n: [actions(button(value="x" * n))],
    "button url": lambda n: [actions(button(url="https://e.co/".ljust(n, "x")))],
    "button accessibility_label": lambda n: [actions(button(accessibility_label="x" * n))],
    "image url": lambda n: [image(image_url="https://e.co/".ljust(n, "x"))],
    "image alt_text": lambda n: [image(alt_text="x" * n)],
    "image title": lambda n: [image(title=plain("x" * n))],
    "input label": lambda n: [asked(menu(options=options(1)), label=plain("x" * n))],
    "input hint": lambda n: [asked(menu(options=options(1)), hint=plain("x" * n))],
    "menu options": lambda n: [actions(menu(options=options(n)))],
    "menu groups": lambda n: [actions(menu(option_groups=[{"label": plain("g"), "options": options(1)}] * n))],
    "group label": lambda n: [actions(menu(option_groups=[{"label": plain("x" * n), "options": options(1)}]))],
    "group options": lambda n: [actions(menu(option_groups=[{"label": plain("g"), "options": options(n)}]))],
    "option text": lambda n: [actions(menu(options=[option(text=plain("x" * n))]))],
    "option value": lambda n: [actions(menu(options=[option(value="x" * n)]))],
    "option description": lambda n: [actions(menu(options=[option(description=plain("x" * n))]))],
    "placeholder": lambda n: [actions(menu(options=options(1), placeholder=plain("x" * n)))],
    "overflow options": lambda n: [actions({"type": "overflow", "options": options(n)})],
    "checkboxes options": lambda n: [actions({"type": "checkboxes", "options": options(n)})],
    "radio options": lambda n: [actions({"type": "radio_buttons", "options": options(n)})],
    "confirm title": lambda n: [actions(button(confirm=confirm(title=plain("x" * n))))],
    "confirm text": lambda n: [actions(button(confirm=confirm(text=plain("x" * n))))],
    "confirm confirm": lambda n: [actions(button(confirm=confirm(confirm=plain("x" * n))))],
    "confirm deny": lambda n: [actions(button(confirm=confirm(deny=plain("x" * n))))],
    "text input max_length": lambda n: [asked({"type": "plain_text_input", "max_length": n})],
    "text input min_length": lambda n: [asked({"type": "plain_text_input", "min_length": n})],
    "text input initial_value": lambda n: [asked({"type": "plain_text_input", "initial_value": "x" * n})],
    "rich input lines": lambda n: [asked({"type": "rich_text_input", "max_lines": n})],
    "markdown in all": lambda n: [{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * n}],
    "table rows": lambda n: [table(n)],
    "table cells": lambda n: [table(1, n)],
    "table characters": lambda n: [table(1, 1, "x" * n)],
    "tables": lambda n: [table(1)] * n,
    "data table rows": lambda n: [data_table(n)],
    "data table page_size": lambda n: [data_table(2, page_size=n)],
    "pie segments": lambda n: [pie(n)],
    "chart title": lambda n: [pie(1, title="x" * n)],
    "charts": lambda n: [pie(1)] * n,
    "card title": lambda n: [card(title=plain("x" * n))],
    "card body": lambda n: [card(body=mrkdwn("x" * n))],
    "card actions": lambda n: [card(actions=list(map(button, range(n))))],
    "cards in a carousel": lambda n: [{"type": "carousel", "elements": [card(title=plain("t"))] * n}],
    "container children": lambda n: [container(n)],
    "container title": lambda n: [container(1, title=plain("x" * n))],
    "video title": lambda n: [
        {
            "type": "video",
            "title": plain("x" * n),
            "video_url": "https://e.co/v",
            "thumbnail_url": "https://e.co/t",
            "alt_text": "v",
        }
    ],
    "plans": lambda n: [{"type": "plan", "title": "p"}] * n,
}

BOUNDS = [
    ("blocks", 0, 50),
    ("section text", 1, 3000),
    ("section fields", 1, 10),
    ("section field text", 1, 2000),
    ("header text", 1, 150),
    ("context elements", 1, 10),
    ("context text", 1, 3000),
    ("actions elements", 1, 25),
    ("block_id", 1, 255),
    ("action_id", 1, 255),
    ("button text", 1, 75),
    ("button value", 0, 2000),
    ("button url", None, 3000),
    ("button accessibility_label", 1, 75),
    ("image url", None, 3000),
    ("image alt_text", 1, 2000),
    ("image title", 1, 2000),
    ("input label", 1, 2000),
    ("input hint", 1, 2000),
    ("menu options", 1, 100),
    ("menu groups", 1, 100),
    ("group label", 1, 75),
    ("group options", 1, 100),
    ("option text", 1, 75),
    ("option value", 0, 150),
    ("option description", 1, 75),
    ("placeholder", 1, 150),
    ("overflow options", 1, 5),
    ("checkboxes options", 1, 10),
    ("radio options", 1, 10),
    ("confirm title", 1, 100),
    ("confirm text", 1, 300),
    ("confirm confirm", 1, 30),
    ("confirm deny", 1, 30),
    ("text input max_length", 1, 3000),
    ("text input min_length", 0, 3000),
    ("text input initial_value", 0, 3000),
    ("rich input lines", 1, 100),
    ("markdown in all", 1, 6000),
    ("table rows", 1, 100),
    ("table cells", 1, 20),
    ("table characters", 1, 10_000),
    ("tables", 0, 1),
    ("data table rows", 2, 201),
    ("data table page_size", 1, 100),
    ("pie segments", 1, 12),
    ("chart title", 1, 50),
    ("charts", 0, 2),
    ("card title", 1, 150),
    ("card body", 1, 200),
    ("card actions", 1, 3),
    ("cards in a carousel", 1, 10),
    ("container children", 1, 10),
    ("container title", 1, 150),
    ("video title", 1, 199),
    ("plans", 0, 1),
]


def judged(blocks: Any, surface: Any = "message") -> list[str]:
    return judge_blocks(blocks, surface, "/blocks")


@pytest.mark.parametrize(("what", "low", "high"), BOUNDS, ids=[name for name, *_ in BOUNDS])
def test_the_limit_itself_is_allowed_and_one_more_is_refused(what: str, low: int | None, high: int) -> None:
    make = LIMITS[what]
    assert judged(make(high)) == []
    assert judged(make(high + 1)) != []
    if low is not None:
        assert judged(make(low)) == []
    if low:
        assert judged(make(low - 1)) != []


def test_every_limit_has_its_bounds() -> None:
    assert set(LIMITS) == {name for name, *_ in BOUNDS}


SOUND = {
    "a section with only fields": section() | {"fields": [plain("x")]},
    "verbatim formatted text": {"type": "section", "text": mrkdwn("x") | {"verbatim": True}},
    "an emoji flag on plain text": {"type": "header", "text": plain("x") | {"emoji": True}},
    "a checkbox with formatted text": actions({"type": "checkboxes", "options": [option(text=mrkdwn("*x*"))]}),
    "an overflow entry with a link": actions({"type": "overflow", "options": [option(url="https://e.co")]}),
    "an image in a context": context(image(), mrkdwn("x")),
    "an initial option that is offered": actions(menu(options=options(2), initial_option=option(1))),
    "rich text": rich(rich_section({"type": "text", "text": "x", "style": {"bold": True}})),
    "a list of rich text": rich(
        {"type": "rich_text_list", "style": "bullet", "elements": [rich_section({"type": "user", "user_id": "U1"})]}
    ),
    "a person menu": actions({"type": "users_select", "action_id": "u", "initial_user": "U0ADA"}),
    "a date": section(accessory={"type": "datepicker", "action_id": "d", "initial_date": "2026-01-31"}),
    "a time": section(accessory={"type": "timepicker", "action_id": "d", "initial_time": "23:59"}),
    "a moment": actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_700_000_000}),
    "a number": asked({"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "2"}),
    "a chart": {
        "type": "data_visualization",
        "title": "t",
        "chart": {
            "type": "line",
            "series": [{"name": "a", "data": [{"label": "x", "value": 1}]}],
            "axis_config": {"categories": ["x"]},
        },
    },
    "an empty option value": actions(menu(options=[option(value="")])),
    "feedback": {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "positive_button": {"text": plain("y"), "value": "1"},
                "negative_button": {"text": plain("n"), "value": "0"},
            }
        ],
    },
    "a task": {"type": "task_card", "task_id": "1", "title": "t", "status": "complete"},
}

FLAWED = {
    "an unknown block": {"type": "banner"},
    "a block without type": {"text": plain("x")},
    "a block that is text": "section",
    "a section without words": {"type": "section"},
    "an unknown key": section() | {"colour": "red"},
    "an explicit null": section() | {"accessory": None},
    "a null inside a text": {"type": "section", "text": {"type": "mrkdwn", "text": "x", "verbatim": None}},
    "a text object that is a string": {"type": "section", "text": "words"},
    "formatted text in a header": {"type": "header", "text": mrkdwn("x")},
    "formatted text on a button": actions(button(text=mrkdwn("x"))),
    "formatted text in a menu": actions(menu(options=[option(text=mrkdwn("x"))])),
    "an emoji flag on formatted text": {"type": "section", "text": mrkdwn("x") | {"emoji": True}},
    "a flag that is no boolean": {"type": "section", "text": mrkdwn("x") | {"verbatim": "yes"}},
    "an unknown button style": actions(button(style="warning")),
    "a text input among the actions": actions({"type": "plain_text_input", "action_id": "x"}),
    "a text input beside a section": section(accessory={"type": "plain_text_input", "action_id": "x"}),
    "a moment beside a section": section(accessory={"type": "datetimepicker", "action_id": "x"}),
    "a button in an input": asked(button()),
    "a button in a context": context(button()),
    "an input without label": {"type": "input", "element": menu(options=options(1))},
    "a menu with options and groups": actions(
        menu(options=options(1), option_groups=[{"label": plain("g"), "options": options(1)}])
    ),
    "a menu with neither": actions(menu()),
    "a link in a menu's option": actions(menu(options=[option(url="https://e.co")])),
    "an initial option that is not offered": actions(menu(options=options(2), initial_option=option(7))),
    "an initial option that differs in a detail": actions(
        menu(options=options(2), initial_option=option(1, description=plain("more")))
    ),
    "an image without alt_text": {"type": "image", "image_url": "https://example.com/a.png"},
    "an image with two sources": image(slack_file={"id": "F1"}),
    "an image with none": {"type": "image", "alt_text": "x"},
    "a link that is no link": actions(button(url="example")),
    "a day that is none": section(accessory={"type": "datepicker", "action_id": "d", "initial_date": "31.1.2026"}),
    "a time that is none": section(accessory={"type": "timepicker", "action_id": "d", "initial_time": "24:00"}),
    "a moment in milliseconds": actions(
        {"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_700_000_000_000}
    ),
    "a number without decimals' flag": asked({"type": "number_input"}),
    "a number with crossed bounds": asked(
        {"type": "number_input", "is_decimal_allowed": True, "min_value": "2", "max_value": "1"}
    ),
    "a text with crossed lengths": asked({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
    "two actions of one name in a block": actions(button(1), button(1)),
    "an alert": {"type": "alert", "text": plain("x")},
    "a file": {"type": "file", "external_id": "x"},
    "a file input outside of modals": asked({"type": "file_input", "action_id": "f"}),
    "a plan whose title is a text object": {"type": "plan", "title": plain("x")},
    "a pending task outside of a plan": {"type": "task_card", "task_id": "1", "title": "t", "status": "pending"},
    "an empty card": card(),
    "a container with two titles": container(1, rich_text_title=rich(rich_section({"type": "text", "text": "x"}))),
    "a data table of uneven rows": {
        "type": "data_table",
        "caption": "c",
        "rows": [[{"type": "raw_text", "text": "x"}], [{"type": "raw_text", "text": "x"}] * 2],
    },
    "a pie with a part of nothing": {
        "type": "data_visualization",
        "title": "t",
        "chart": {"type": "pie", "segments": [{"label": "s", "value": 0}]},
    },
    "rich text with an unknown leaf": rich(rich_section({"type": "sparkle"})),
    "rich text with an empty leaf": rich(rich_section({"type": "text", "text": ""})),
    "a response URL outside of a modal": asked(
        {"type": "channels_select", "action_id": "c", "response_url_enabled": True}
    ),
}


@pytest.mark.parametrize("what", SOUND)
def test_valid_blocks_are_accepted(what: str) -> None:
    assert judged([SOUND[what]]) == []


@pytest.mark.parametrize("what", FLAWED)
def test_invalid_blocks_are_refused(what: str) -> None:
    assert judged([FLAWED[what]]) != []


def test_block_ids_are_unique_in_a_message() -> None:
    assert judged([section(block_id="a"), section(block_id="b")]) == []
    assert judged([section(block_id="a"), section(block_id="a")]) == [
        "`block_id` must be unique: a [json-pointer:/blocks/1/block_id]"
    ]


def test_one_action_may_be_offered_in_several_blocks() -> None:
    assert judged([actions(button(1)), actions(button(1))]) == []


def test_at_most_one_element_has_the_focus() -> None:
    def field() -> Json:
        return asked({"type": "plain_text_input", "focus_on_load": True})

    assert judged([field()], "modal") == []
    assert judged([field(), field()], "modal") != []


def test_a_finding_points_at_its_place() -> None:
    findings = judged([section(), {"type": "header", "text": plain("x" * 151)}])
    assert findings == ["must be less than 151 characters [json-pointer:/blocks/1/text/text]"]


@pytest.mark.parametrize(
    ("surface", "block", "allowed"),
    [
        ("message", table(1), True),
        ("modal", table(1), False),
        ("home", table(1), True),
        ("message", {"type": "markdown", "text": "x"}, True),
        ("modal", {"type": "markdown", "text": "x"}, False),
        ("home", {"type": "markdown", "text": "x"}, False),
        ("modal", {"type": "alert", "text": plain("x"), "level": "warning"}, True),
        ("home", {"type": "alert", "text": plain("x")}, False),
        ("modal", card(title=plain("x")), False),
        ("home", card(title=plain("x")), True),
        ("modal", asked({"type": "file_input", "max_files": 10}), True),
        ("home", asked({"type": "file_input"}), False),
        ("message", asked(menu(options=options(1))), True),
    ],
)
def test_each_surface_takes_its_own_blocks(surface: str, block: Json, allowed: bool) -> None:
    assert (judged([block], surface) == []) is allowed


def test_modals_and_home_take_a_hundred_blocks() -> None:
    for surface in ("modal", "home"):
        assert judged([{"type": "divider"}] * 100, surface) == []
        assert judged([{"type": "divider"}] * 101, surface) != []

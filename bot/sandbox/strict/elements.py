"""The elements of blocks (buttons, menus, pickers and inputs) and where each is allowed."""

from functools import cache
from typing import Any

from bot.sandbox.limits import limit
from bot.sandbox.strict.checks import (
    Check,
    Findings,
    array,
    boolean,
    by_type,
    found,
    integer,
    one_of,
    shape,
    some_of,
    text,
    url,
)
from bot.sandbox.strict.rich_text import rich_text
from bot.sandbox.strict.texts import begins_with_an_option, confirm, option, option_groups, options, plain

_MENUS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_CHOICES = (*_MENUS, *(f"multi_{menu}" for menu in _MENUS), "checkboxes", "radio_buttons")
_PICKERS = ("datepicker", "timepicker")
ACCESSORIES = ("button", "image", "overflow", "workflow_button", *_CHOICES, *_PICKERS)
IN_ACTIONS = (
    "button",
    "overflow",
    "workflow_button",
    "rich_text_input",
    "datetimepicker",
    *_CHOICES,
    *_PICKERS,
)
IN_INPUT = (
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
    "datetimepicker",
    *_CHOICES,
    *_PICKERS,
)
_ID = r"[A-Z][A-Z0-9]+"


@cache
def element(*allowed: str) -> Check:
    """One element of these types."""
    shapes = _menus() | _plain_elements() | _inputs() | _pickers()
    return by_type({name: shapes[name] for name in allowed}, "element")


def image_element() -> Check:
    required = {"type": text(), "alt_text": text(1, limit("image", "alt_text_max"))}
    return shape(required, _image_source(), one_of("image_url", "slack_file"))


def _image_source() -> dict[str, Check]:
    file = shape({}, {"id": text(1), "url": url()}, one_of("id", "url"))
    return {"image_url": url(limit("image", "image_url_max")), "slack_file": file}


def _common() -> dict[str, Check]:
    return {"action_id": text(1, limit("element", "action_id_max"))}


def _placeholder() -> dict[str, Check]:
    return {"placeholder": plain(limit("element", "placeholder_max"))}


def _plain_elements() -> dict[str, Check]:
    button = {
        "url": url(limit("button", "url_max")),
        "value": text(0, limit("button", "value_max")),
        "style": text(choices=("primary", "danger")),
        "confirm": confirm(),
        "accessibility_label": text(1, limit("button", "accessibility_label_max")),
    }
    label = plain(limit("button", "text_max"))
    overflow = {"type": text(), "options": options(limit("overflow", "options"), with_url=True)}
    workflow = {"type": text(), "text": label, "workflow": shape({"trigger": _anything_object()})}
    styled = {key: button[key] for key in ("style", "accessibility_label")}
    return {
        "button": shape({"type": text(), "text": label}, _common() | button),
        "image": image_element(),
        "overflow": shape(overflow, _common() | {"confirm": confirm()}),
        "workflow_button": shape(workflow, _common() | styled),
    }


def _menus() -> dict[str, Check]:
    return {
        **_choice_menus(),
        **_single_or_multi("external_select", "option", option(), {"min_query_length": integer(0)}),
        **_single_or_multi("users_select", "user", text(pattern=_ID)),
        **_single_or_multi("channels_select", "channel", text(pattern=_ID), single={"response_url_enabled": boolean}),
        **_single_or_multi(
            "conversations_select",
            "conversation",
            text(pattern=_ID),
            {"default_to_current_conversation": boolean, "filter": _conversation_filter()},
            {"response_url_enabled": boolean},
        ),
        "checkboxes": _boxes("checkboxes", {"initial_options": array(option(formatted_text=True), 1)}),
        "radio_buttons": _boxes("radio_buttons", {"initial_option": option(formatted_text=True)}),
    }


def _choice_menus() -> dict[str, Check]:
    offered = {"options": options(limit("select", "options")), "option_groups": option_groups()}
    shared = _common() | _placeholder() | offered | {"confirm": confirm(), "focus_on_load": boolean}
    rules = (one_of("options", "option_groups"), begins_with_an_option)
    several = {"initial_options": array(option(), 1), "max_selected_items": integer(1)}
    return {
        "static_select": shape({"type": text()}, shared | {"initial_option": option()}, *rules),
        "multi_static_select": shape({"type": text()}, shared | several, *rules),
    }


def _single_or_multi(
    name: str, holds: str, value: Check, extra: dict[str, Check] | None = None, single: dict[str, Check] | None = None
) -> dict[str, Check]:
    shared = _common() | _placeholder() | {"confirm": confirm(), "focus_on_load": boolean} | (extra or {})
    one = shared | {f"initial_{holds}": value} | (single or {})
    many = shared | {f"initial_{holds}s": array(value, 1), "max_selected_items": integer(1)}
    return {name: shape({"type": text()}, one), f"multi_{name}": shape({"type": text()}, many)}


def _boxes(name: str, begins: dict[str, Check]) -> Check:
    required = {"type": text(), "options": options(limit(name, "options"), formatted_text=True)}
    optional = _common() | {"confirm": confirm(), "focus_on_load": boolean} | begins
    return shape(required, optional, begins_with_an_option)


def _conversation_filter() -> Check:
    kinds = array(text(choices=("im", "mpim", "private", "public")), 1)
    optional = {"include": kinds, "exclude_external_shared_channels": boolean, "exclude_bot_users": boolean}
    return shape({}, optional, some_of(*optional))


def _pickers() -> dict[str, Check]:
    shared = _common() | {"confirm": confirm(), "focus_on_load": boolean}
    day, clock_time = text(pattern=r"\d{4}-\d{2}-\d{2}"), text(pattern=r"([01]\d|2[0-3]):[0-5]\d")
    instant = integer(1_000_000_000, 9_999_999_999)
    timed = shared | _placeholder() | {"initial_time": clock_time, "timezone": text(1)}
    return {
        "datepicker": shape({"type": text()}, shared | _placeholder() | {"initial_date": day}),
        "timepicker": shape({"type": text()}, timed),
        "datetimepicker": shape({"type": text()}, shared | {"initial_date_time": instant}),
    }


def _inputs() -> dict[str, Check]:
    typed = _common() | _placeholder() | {"focus_on_load": boolean, "dispatch_action_config": _dispatch()}
    longest = limit("plain_text_input", "max_length_max")
    lengths = {
        "min_length": integer(0, limit("plain_text_input", "min_length_max")),
        "max_length": integer(1, longest),
        "initial_value": text(0, longest),
        "multiline": boolean,
    }
    bounds = {"min_value": text(1), "max_value": text(1), "initial_value": text(1)}
    lines = {"min_lines": integer(1, 100), "max_lines": integer(1, 100), "initial_value": rich_text()}
    files = {"filetypes": array(text(1), 1), "max_files": integer(1, limit("file_input", "max_files"))}
    numeric = {"type": text(), "is_decimal_allowed": boolean}
    return {
        "plain_text_input": shape({"type": text()}, typed | lengths, _lengths_agree),
        "email_text_input": shape({"type": text()}, typed | {"initial_value": text(1)}),
        "url_text_input": shape({"type": text()}, typed | {"initial_value": url()}),
        "number_input": shape(numeric, typed | bounds, _bounds_agree),
        "rich_text_input": shape({"type": text()}, typed | lines),
        "file_input": shape({"type": text()}, _common() | files),
    }


def _dispatch() -> Check:
    when = array(text(choices=("on_enter_pressed", "on_character_entered")), 1)
    return shape({"trigger_actions_on": when})


def _anything_object() -> Check:
    return shape({"url": url()}, {"customizable_input_parameters": array(_named_value(), 1)})


def _named_value() -> Check:
    return shape({"name": text(1), "value": text(0)})


def _lengths_agree(value: Any, pointer: str, findings: Findings) -> None:
    low, high = value.get("min_length", 0), value.get("max_length", limit("plain_text_input", "max_length_max"))
    if low > high:
        found(findings, "min_length must not exceed max_length", pointer)
    begins = value.get("initial_value")
    if begins is not None and not low <= len(begins) <= high:
        found(
            findings, "initial_value must be between min_length and max_length characters", f"{pointer}/initial_value"
        )


def _bounds_agree(value: Any, pointer: str, findings: Findings) -> None:
    try:
        given = {key: float(value[key]) for key in ("min_value", "initial_value", "max_value") if key in value}
    except ValueError:
        found(findings, "must be a number in a string", pointer)
        return
    ordered = list(given.values())
    if ordered != sorted(ordered):
        found(findings, "min_value, initial_value and max_value must be in this order", pointer)

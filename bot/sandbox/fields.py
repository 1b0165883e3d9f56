"""The fields of a form: their initial values, and their values when filled in."""

from datetime import date, datetime, time
from typing import Any

from bot.sandbox.errors import NotOnScreen
from bot.sandbox.model import Json

# The key of each element type's value in `state.values`, and (as `initial_…`) of its initial value.
HOLDS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
_LISTS = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})


def initial_value(element: Json) -> Json | None:
    """The element's entry in `state.values` before anybody touched it; None if it has none."""
    key = HOLDS.get(element["type"])
    if key is None:
        return None
    begins_with = element.get("initial_" + key.removeprefix("selected_").removeprefix("rich_text_"))
    return {"type": element["type"], key: [] if begins_with is None and key in _LISTS else begins_with}


def value_key(element: Json) -> str:
    if element["type"] not in HOLDS:
        raise NotOnScreen(f"A {element['type']} cannot be filled in.")
    return HOLDS[element["type"]]


def is_empty(entry: Json) -> bool:
    """Is this entry of `state.values` empty?"""
    return not any(value not in (None, "", []) for key, value in entry.items() if key != "type")


def plain_value(element: Json, given: Any) -> Any:
    """A text, number, date or time in Slack's notation."""
    if element["type"] == "datetimepicker":
        return int(given.timestamp()) if isinstance(given, datetime) else int(given)
    if isinstance(given, time):
        return given.strftime("%H:%M")
    if isinstance(given, date):
        return given.isoformat()
    return str(given)


def option_named(element: Json, wanted: str) -> Json:
    """The option with this label or value; refused unless there is exactly one."""
    options = [*element.get("options", ()), *(o for g in element.get("option_groups", ()) for o in g["options"])]
    found = [option for option in options if wanted in (option["text"]["text"], option.get("value"))]
    if len(found) != 1:
        offered = ", ".join(option["text"]["text"] for option in options) or "nothing"
        raise NotOnScreen(f"There are {len(found)} options called {wanted!r}; offered: {offered}.")
    option: Json = found[0]
    return option

"""Fills in forms, and makes the objections of Slack's client before they are submitted."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.sandbox.errors import NotOnScreen
from bot.sandbox.fields import is_empty, option_named, plain_value, value_key
from bot.sandbox.looking import field
from bot.sandbox.model import Json, View
from bot.sandbox.state import State

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def fill(state: State, view: View, values: Mapping[str, Any]) -> None:
    """Fill in the form; keys are labels or block ids."""
    for name, given in values.items():
        block = field(view, name)
        element = block["element"]
        view.values[block["block_id"]] = {element["action_id"]: entry(state, element, given)}


def entry(state: State, element: Json, given: Any) -> Json:
    """The element's entry in `state.values` for what a person gave: text, an option's label, people, dates."""
    key = value_key(element)
    if given is None:
        return {"type": element["type"], key: [] if key.endswith("s") else None}
    return {"type": element["type"], key: _chosen(state, element, key, given)}


def objections(view: View) -> dict[str, str]:
    """The objections of Slack's client to each field, by block_id, before anything is sent to the app."""
    found = {}
    for block in view.blocks:
        if block["type"] == "input" and (sentence := _objection(block, _value(view, block))):
            found[block["block_id"]] = sentence
    return found


def _chosen(state: State, element: Json, key: str, given: Any) -> Any:
    if key == "selected_option":
        return _option(element, given)
    if key == "selected_options":
        return [_option(element, one) for one in _several(given)]
    if key.startswith(("selected_user", "selected_channel", "selected_conversation")):
        several = key.endswith("s")
        ids = [_id(state, one) for one in (_several(given) if several else [given])]
        return ids if several else ids[0]
    return given if key in ("files", "rich_text_value") else plain_value(element, given)


def _option(element: Json, given: Any) -> Json:
    """For an external menu, the option itself is given, as the app suggested it."""
    return dict(given) if isinstance(given, Mapping) else option_named(element, str(given))


def _several(given: Any) -> list[Any]:
    return list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]


def _id(state: State, who_or_where: str) -> str:
    found = state.find_user(who_or_where) or state.find_channel(who_or_where)
    if found is None:
        raise NotOnScreen(f"There is nobody and no channel called {who_or_where!r}.")
    return found.id


def _value(view: View, block: Json) -> Json:
    value: Json = view.values.get(block["block_id"], {}).get(block["element"]["action_id"], {})
    return value


def _objection(block: Json, value: Json) -> str | None:
    if is_empty(value):
        return None if block.get("optional") else "Please complete this required field."
    element, text = block["element"], value.get("value")
    if element["type"] == "plain_text_input":
        return _length_objection(element, text or "")
    if element["type"] == "number_input":
        return _number_objection(element, text or "")
    if element["type"] == "email_text_input" and not _EMAIL.fullmatch(text or ""):
        return "Enter a valid email."
    if element["type"] == "url_text_input" and not (text or "").startswith(("http://", "https://")):
        return "Enter a valid URL."
    return None


def _length_objection(element: Json, text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Must be at least {element['min_length']} characters."
    longest = element.get("max_length", 3000)
    return f"Must be at most {longest} characters." if len(text) > longest else None


def _number_objection(element: Json, text: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, text):
        return "Enter a valid number."
    low, high = float(element.get("min_value", "-inf")), float(element.get("max_value", "inf"))
    return None if low <= float(text) <= high else "Enter a number in the allowed range."

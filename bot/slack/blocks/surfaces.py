"""Modals and the App Home as Slack blocks, and the values filled in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from bot.domain.errors import Refused
from bot.slack.blocks.messages import Block, Button, Message, clip, code, divider, more, plain, prose, rows

TITLE_LENGTH = 24
OPTION_LENGTH = 75
VIEW_BLOCKS = 100
# For verbatim text, in characters of JSON; Slack accepts 250,000 bytes per view.
VIEW_LENGTH = 200_000
OPTIONS = 100
# The block ids above a returned form begin with this.
REFUSAL = "refusal"


@dataclass(frozen=True)
class Input:
    """A field of a form. With `options` it's a choice; `kind` `person` asks for a member, `text` for text.

    `mark`: set it when a form replaces another, to tell an input from the earlier one of the same name, whose text
    Slack would keep. `action`: for a choice, what to do as soon as somebody chooses, before the form is submitted.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    optional: bool = False
    multiline: bool = False
    hint: str = ""
    options: Sequence[tuple[str, str]] = field(default_factory=tuple)
    max_length: int = 3000
    mark: str = ""
    action: str = ""


def form(
    callback: str,
    title: str,
    inputs: Iterable[Input],
    *,
    submit: str,
    words: str = "",
    private: str = "",
    buttons: Iterable[Button] = (),
    below: Iterable[Block] = (),
) -> dict[str, Any]:
    """A modal. `private` is returned with the submission, invisible to the person. `buttons` are above the inputs,
    `below` under them."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(clip(title, TITLE_LENGTH)),
        "submit": plain(clip(submit, TITLE_LENGTH)),
        "close": plain("Cancel"),
        "private_metadata": private,
        "blocks": [*prose(words), *rows(buttons), *(_input(one) for one in inputs), *below][:VIEW_BLOCKS],
    }


def refilled(view: Mapping[str, Any], words: str, private: str) -> dict[str, Any]:
    """A submitted modal again, with its inputs as filled in and these words at the top, instead of earlier ones."""
    kept = {name: view[name] for name in ("type", "callback_id", "title", "submit", "close")}
    said = [block | {"block_id": f"{REFUSAL}{number}"} for number, block in enumerate(prose(words))]
    others = [block for block in view["blocks"] if not block.get("block_id", "").startswith(REFUSAL)]
    blocks = [*said, *(_filled(block, view["state"]["values"]) for block in others)]
    return {**kept, "private_metadata": private, "blocks": blocks[:VIEW_BLOCKS]}


def raw(title: str, words: str, text: str) -> dict[str, Any]:
    """A modal that shows a text verbatim, as far as it fits."""
    blocks = code(text)
    sizes = accumulate(len(json.dumps(block)) for block in blocks)
    room = VIEW_BLOCKS - len(prose(words)) - 1
    shown = min(room, sum(size <= VIEW_LENGTH for size in sizes))
    left = sum(block["text"]["text"].count("\n") - 1 for block in blocks[shown:])
    return notice(title, Message(words, [*prose(words), *blocks[:shown], *more(left)]))


def notice(title: str, said: Message) -> dict[str, Any]:
    """A modal without inputs."""
    blocks = list(said.blocks)[:VIEW_BLOCKS]
    return {"type": "modal", "title": plain(clip(title, TITLE_LENGTH)), "close": plain("Close"), "blocks": blocks}


def home(parts: Iterable[Message]) -> dict[str, Any]:
    """The App Home: messages one below another."""
    blocks: list[Block] = []
    for part in parts:
        blocks += [*part.blocks, divider()]
    return {"type": "home", "blocks": blocks[:-1][:VIEW_BLOCKS]}


class Filled(dict[str, str]):
    """A form's inputs by name. Refused for a name it doesn't have: the form was opened by another version of ours."""

    def __missing__(self, name: str) -> str:
        raise Refused("This form is from an older version of Tocsin. Open it again.")


def is_changed(view: Mapping[str, Any], name: str) -> bool:
    """Has somebody typed into this input of an open form?"""
    block: Block = next((one for one in view.get("blocks", ()) if one.get("block_id") == name), {})
    begun = str(block.get("element", {}).get("initial_value") or "")
    held = view.get("state", {}).get("values", {}).get(name, {})
    return _value(next(iter(held.values()), {})).split() != begun.split()


def values_of(state: Mapping[str, Any]) -> Filled:
    """The values a person filled in, by input name; '' if empty. `state` is the view's `state.values`."""
    return Filled({name: _value(next(iter(element.values()), {})) for name, element in state.items()})


def _value(element: Mapping[str, Any]) -> str:
    if option := element.get("selected_option"):
        return str(option["value"])
    if options := element.get("selected_options"):
        return ",".join(str(option["value"]) for option in options)
    return str(element.get("value") or element.get("selected_user") or element.get("selected_date") or "")


def _filled(block: Block, state: Mapping[str, Any]) -> Block:
    """An input whose initial value is what was filled in."""
    if block["type"] != "input":
        return block
    element = {name: value for name, value in block["element"].items() if not name.startswith("initial_")}
    held = state.get(block["block_id"], {}).get(element["action_id"], {})
    for begins, holds in (("value", "value"), ("option", "selected_option"), ("user", "selected_user")):
        if held.get(holds):
            element[f"initial_{begins}"] = held[holds]
    return block | {"element": element}


def _input(one: Input) -> Block:
    block: Block = {
        "type": "input",
        "block_id": one.name,
        "label": plain(clip(one.label, 2000)),
        "optional": one.optional,
        "element": _element(one),
    }
    if one.action:
        block["dispatch_action"] = True
    if one.hint:
        block["hint"] = plain(clip(one.hint, 2000))
    return block


def _element(one: Input) -> Block:
    if one.options:
        options = [{"text": plain(clip(text, OPTION_LENGTH)), "value": value} for value, text in one.options[:OPTIONS]]
        chosen = [option for option in options if option["value"] == one.value]
        initial = {"initial_option": chosen[0]} if chosen else {}
        return {"type": "static_select", "action_id": one.action or "choice", "options": options, **initial}
    if one.kind == "person":
        return {"type": "users_select", "action_id": "person", **({"initial_user": one.value} if one.value else {})}
    element: Block = {
        "type": "plain_text_input",
        "action_id": f"text{one.mark}",
        "multiline": one.multiline,
        "max_length": one.max_length,
    }
    return element | ({"initial_value": one.value[: one.max_length]} if one.value else {})

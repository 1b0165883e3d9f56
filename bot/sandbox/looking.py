"""Finds things on the screen by the words that a person reads there."""

import re
from collections.abc import Iterator

from bot.sandbox.errors import NotOnScreen
from bot.sandbox.model import Json, Message, View
from bot.sandbox.numbering import elements_of

Place = Message | View

# An emoji, as shortcode or character, may precede a label.
_LEADING_EMOJI = re.compile(r"^(?::[a-z0-9_+'-]+:|[^\w\s(/#'\"&+-])+\s+", re.UNICODE)


def blocks_of(place: Place) -> list[Json]:
    """All visible blocks, including those of attachments and inside containers."""
    if isinstance(place, View):
        return list(_flat(place.blocks))
    attached = [block for attachment in place.attachments for block in attachment.get("blocks", ())]
    return list(_flat([*(place.blocks or ()), *attached]))


def pressable(place: Place, label: str) -> tuple[Json, Json, Json | None]:
    """The block, the element and the option of the one button or overflow entry with this label.

    Refused unless there is exactly one; the refusal lists what there is.
    """
    shown = list(_pressables(place))
    found = [entry for entry in shown if _same(entry[0], label)]
    if len(found) != 1:
        labels = ", ".join(repr(entry[0]) for entry in shown) or "nothing"
        raise NotOnScreen(f"There are {len(found)} buttons {label!r}; to press there is: {labels}.")
    return found[0][1:]


def box(place: Place, label: str) -> tuple[Json, Json, Json]:
    """The block, the checkboxes element and the option of the one box with this label."""
    shown = [
        (block, element, option)
        for block in blocks_of(place)
        for element in elements_of(block)
        if element["type"] == "checkboxes"
        for option in element["options"]
    ]
    found = [entry for entry in shown if _same(entry[2]["text"]["text"], label)]
    if len(found) != 1:
        known = ", ".join(repr(option["text"]["text"]) for _, _, option in shown) or "nothing"
        raise NotOnScreen(f"There are {len(found)} boxes {label!r}; to tick there is: {known}.")
    return found[0]


def menu(place: Place, name: str) -> tuple[Json, Json]:
    """The block and element of the menu with this name: the block's text, a placeholder, or an action or block id."""
    shown = [(b, e) for b in blocks_of(place) for e in elements_of(b) if e["type"] != "button"]
    found = [(block, element) for block, element in shown if name in _names_of(block, element)]
    if len(found) != 1:
        known = ", ".join(sorted({n for block, element in shown for n in _names_of(block, element)})) or "nothing"
        raise NotOnScreen(f"There are {len(found)} menus {name!r}; there is: {known}.")
    return found[0]


def field(view: View, name: str) -> Json:
    """The input block with this label or block_id."""
    inputs = [block for block in view.blocks if block["type"] == "input"]
    found = [block for block in inputs if name in (block["label"]["text"], block["block_id"])]
    if len(found) != 1:
        labels = ", ".join(repr(block["label"]["text"]) for block in inputs) or "none"
        raise NotOnScreen(f"There are {len(found)} fields {name!r} in {view.title!r}; there is: {labels}.")
    return found[0]


def element_at(place: Place, block_id: str, action_id: str) -> Json:
    for block in blocks_of(place):
        for element in elements_of(block):
            if (block["block_id"], element["action_id"]) == (block_id, action_id):
                return element
    raise NotOnScreen(f"There is nothing called {action_id!r} in a block {block_id!r} there any more.")


def labels(place: Place) -> list[str]:
    """The labels of everything that can be pressed there, without leading emoji."""
    return [bare(entry[0]) for entry in _pressables(place)]


def bare(label: str) -> str:
    return _LEADING_EMOJI.sub("", label).strip()


def _pressables(place: Place) -> Iterator[tuple[str, Json, Json, Json | None]]:
    for block in blocks_of(place):
        for element in elements_of(block):
            if element["type"] == "button":
                yield element["text"]["text"], block, element, None
            elif element["type"] == "overflow":
                for option in element["options"]:
                    yield option["text"]["text"], block, element, option


def _same(shown: str, label: str) -> bool:
    return label in (shown, bare(shown))


def _names_of(block: Json, element: Json) -> set[str]:
    texts = [block.get("text"), block.get("label"), element.get("placeholder")]
    return {text["text"] for text in texts if isinstance(text, dict)} | {block["block_id"], element["action_id"]}


def _flat(blocks: list[Json]) -> Iterator[Json]:
    for block in blocks:
        yield block
        yield from _flat(block.get("child_blocks", []))
        if block["type"] == "carousel":
            yield from _flat(block["elements"])

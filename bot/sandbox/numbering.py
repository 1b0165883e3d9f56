"""Fills in block and action ids that the app left out, as Slack does."""

import copy
from collections.abc import Iterator

from bot.sandbox.model import Json

INTERACTIVE = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "feedback_buttons",
        "file_input",
        "icon_button",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)


def with_ids(blocks: list[Json], prefix: str = "b") -> list[Json]:
    """A copy in which every block has a `block_id` (new ones with `prefix`), and every interactive element an
    `action_id`."""
    numbered = copy.deepcopy(blocks)
    taken = {block["block_id"] for block in numbered if "block_id" in block}
    fresh = (name for name in _names(prefix) if name not in taken)
    for block in numbered:
        block.setdefault("block_id", next(fresh))
        for name, element in zip(_names("a"), elements_of(block), strict=False):
            element.setdefault("action_id", name)
    return numbered


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block, in visual order."""
    inside = [block.get("accessory"), block.get("element"), *_listed(block, "elements"), *_listed(block, "actions")]
    own = [part for part in inside if isinstance(part, dict) and part.get("type") in INTERACTIVE]
    nested = [*_listed(block, "child_blocks"), *(_listed(block, "elements") if block["type"] == "carousel" else ())]
    return own + [element for child in nested for element in elements_of(child)]


def _listed(block: Json, key: str) -> list[Json]:
    found = block.get(key)
    return found if isinstance(found, list) else []


def _names(prefix: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{prefix}{number}"

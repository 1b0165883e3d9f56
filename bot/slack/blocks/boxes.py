"""A list with a checkbox for each item, within Slack's limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.rendering import escape_mrkdwn
from bot.slack.blocks.messages import Block, Button, Message, clip, item, message, plain, prose, rows

# Slack's limit for the text beside a checkbox.
BOX_LENGTH = 75
# A longer text is repeated above its checkbox, up to this length.
WHOLE_LENGTH = 400
# Leaves room for the rest of the message. In a longer list, open items come first.
BOXES = 18


@dataclass(frozen=True)
class Box:
    """`words` are plain text; `note` is shown below. `action` is called with `<subject> on` or `<subject> off`."""

    words: str
    action: str
    subject: str
    ticked: bool
    note: str = ""


def checklist(
    words: str, boxes: Sequence[Box], following: tuple[str, Button] | None, buttons: Iterable[Button]
) -> Message:
    """`following`: the line about the next item, with its button. Each checkbox is an element of its own, so that two
    people who tick at the same time don't overwrite each other (lost update)."""
    said = message(words)
    shown = boxes if len(boxes) <= BOXES else sorted(boxes, key=lambda one: one.ticked)[:BOXES]
    left = len(boxes) - len(shown)
    parts = [part for one in shown for part in _box(one)]
    parts += prose(f"… and {left} more") if left else []
    parts += [item(*following)] if following else []
    return Message(said.text, [*said.blocks, *parts, *rows(buttons)])


def _box(box: Box) -> list[Block]:
    option: Block = {"text": plain(clip(box.words, BOX_LENGTH)), "value": box.subject}
    if box.note:
        option["description"] = plain(clip(box.note, BOX_LENGTH))
    element: Block = {"type": "checkboxes", "action_id": f"{box.action}#{box.subject}", "options": [option]}
    if box.ticked:
        element["initial_options"] = [option]
    # Slack keeps a user's tick in a block of the same id, whatever an edit says, so the id changes with the state.
    block = {"type": "actions", "block_id": f"{box.subject} {'on' if box.ticked else 'off'}", "elements": [element]}
    whole = prose(clip(escape_mrkdwn(box.words), WHOLE_LENGTH)) if len(box.words) > BOX_LENGTH else []
    return [*whole, block]

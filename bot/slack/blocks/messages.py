"""Messages as Slack blocks: prose, lists, pictures and buttons, within Slack's limits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rendering import escape_mrkdwn

Block = dict[str, Any]

# Slack's limits, in characters or items.
SECTION_LENGTH = 3000
FIELD_LENGTH = 2000
FALLBACK_LENGTH = 3000
BUTTON_LENGTH = 75
ALT_LENGTH = 2000
MESSAGE_BLOCKS = 50
# For all blocks of a message together: Slack rejects more than about 13,200 characters, an undocumented limit.
MESSAGE_LENGTH = 12_000
# For a line of code: escaping may make it five times as long.
CODE_LENGTH = 500
# Reserved for the line that counts what is left out.
MORE_LENGTH = 40
# Leave less room than this empty rather than cut a line to fill it.
WORTH_FILLING = 200
FIELDS = 10
# For all fields of a message together, so that room remains for its text.
FIELDS_LENGTH = 5_000
BUTTONS_IN_A_ROW = 25


@dataclass(frozen=True)
class Button:
    """`action` says what to do (`incident.acknowledge`), `value` to what. `confirm`: a question to confirm first."""

    label: str
    action: str
    value: str = ""
    style: str | None = None
    url: str | None = None
    confirm: str | None = None


@dataclass(frozen=True)
class Message:
    """What is posted: `text` for notifications and screen readers, `blocks` for display."""

    text: str
    blocks: Sequence[Block]


def message(words: str, buttons: Iterable[Button] = (), fields: Sequence[str] = (), footnote: str = "") -> Message:
    """A message of prose. Its first line is the headline and the notification; blank lines separate paragraphs."""
    tail = [_fields(fields)] if fields else []
    tail += rows(buttons)
    if footnote:
        tail.append({"type": "context", "elements": [mrkdwn(clip(footnote, FIELD_LENGTH))]})
    # However long the text is, the buttons below it remain.
    room = MESSAGE_LENGTH - min(sum(map(len, fields)), FIELDS_LENGTH) - min(len(footnote), FIELD_LENGTH)
    blocks = [*fitted(prose(words), MESSAGE_BLOCKS - len(tail), room), *tail]
    return Message(clip(words.split("\n", 1)[0] or "…", FALLBACK_LENGTH), blocks)


def headed(words: str, said: Message) -> Message:
    """The same message with a line above it."""
    return Message(clip(f"{words} {said.text}", FALLBACK_LENGTH), [*prose(words), *said.blocks][:MESSAGE_BLOCKS])


def prose(words: str) -> list[Block]:
    """One section per paragraph."""
    paragraphs = [part.strip("\n") for part in words.split("\n\n") if part.strip()]
    return [{"type": "section", "text": mrkdwn(piece)} for part in paragraphs for piece in _pieces(part)]


def fitted(sections: Sequence[Block], blocks: int, length: int, *, cut: bool = False) -> list[Block]:
    """As many lines as fit into this many blocks and characters; a last line counts what is left out.

    `cut`: if a long line would leave much of the room empty, show its beginning.
    """
    texts = [section["text"]["text"] for section in sections]
    if len(texts) <= blocks and sum(map(len, texts)) <= length:
        return list(sections)
    kept: list[Block] = []
    left, blocks, length = sum(map(_lines, texts)), blocks - 1, length - MORE_LENGTH
    for text in texts[:blocks]:
        whole = text if len(text) <= length else text[:length].rpartition("\n")[0]
        if cut and len(text) > length >= len(whole) + WORTH_FILLING:
            whole = clip(text, length)
        if whole.strip():
            kept.append({"type": "section", "text": mrkdwn(whole)})
        left, length = left - _lines(whole), length - len(text)
        if length <= 0:
            break
    return [*kept, *more(left)]


def more(lines: int) -> list[Block]:
    """The line that counts what is left out; empty if nothing is."""
    return prose(f"… and {lines} more line{'s' * (lines != 1)}") if lines else []


def _lines(text: str) -> int:
    return sum(bool(line.strip()) for line in text.split("\n"))


def rows(buttons: Iterable[Button]) -> list[Block]:
    """The buttons as one row; empty if there are none."""
    elements = [_button(button) for button in buttons][:BUTTONS_IN_A_ROW]
    return [{"type": "actions", "elements": elements}] if elements else []


def item(words: str, button: Button) -> Block:
    """A line of a list with its button beside it."""
    return {"type": "section", "text": mrkdwn(clip(words, SECTION_LENGTH)), "accessory": _button(button)}


def plainer(said: Message) -> Iterator[Message]:
    """Simpler versions for when Slack rejects a message: without pictures it can't load, then as text alone.

    None for an uploaded file: it just isn't ready yet.
    """
    if any("slack_file" in block for block in said.blocks):
        return
    without = [block for block in said.blocks if "image_url" not in block]
    if len(without) < len(said.blocks):
        yield Message(said.text, without)
    words = "\n\n".join(block["text"]["text"] for block in without if block["type"] == "section" and "text" in block)
    yield Message(clip(words or said.text, MESSAGE_LENGTH), [])


def code(text: str) -> list[Block]:
    """Verbatim text in several sections; overlong lines are continued. Backticks that would end the code are split."""
    lines = (line[start : start + CODE_LENGTH] for line in text.split("\n") for start in _starts(line))
    pieces = _pieces(escape_mrkdwn("\n".join(lines).replace("```", "`` `")), SECTION_LENGTH - len("```\n\n```"))
    return [{"type": "section", "text": mrkdwn(f"```\n{piece}\n```")} for piece in pieces]


def _starts(line: str) -> range:
    return range(0, max(len(line), 1), CODE_LENGTH)


def divider() -> Block:
    return {"type": "divider"}


def picture(file: str, alt: str) -> Message:
    """Show a file that the bot has uploaded; `alt` describes it in words."""
    alt = clip(alt, ALT_LENGTH)
    return Message(alt, [{"type": "image", "slack_file": {"id": file}, "alt_text": alt}])


def with_image(said: Message, url: str, alt: str) -> Message:
    """The same message with a picture above its buttons, from a URL that Slack fetches."""
    picture = {"type": "image", "image_url": url, "alt_text": clip(alt, ALT_LENGTH)}
    words = [block for block in said.blocks if block["type"] != "actions"]
    buttons = [block for block in said.blocks if block["type"] == "actions"]
    return Message(said.text, [*words, picture, *buttons])


def mrkdwn(text: str) -> Block:
    """`verbatim` keeps Slack from turning a plain @here in somebody's title into a live mention."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def clip(text: str, length: int) -> str:
    """Cut with an ellipsis, never inside `<…>` or an entity such as `&amp;`."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start > kept.rfind(closing) and (opening == "<" or len(kept) - start < 5):
            kept = kept[:start]
    return kept.rstrip() + "…"


def _pieces(paragraph: str, length: int = SECTION_LENGTH) -> list[str]:
    """Split a paragraph that is too long for one section, at line breaks."""
    pieces, piece = [], ""
    for line in paragraph.split("\n"):
        line = clip(line, length)
        if piece and len(piece) + 1 + len(line) > length:
            pieces.append(piece)
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    return [*pieces, piece] if piece.strip() else pieces


def _fields(fields: Sequence[str]) -> Block:
    length = min(FIELD_LENGTH, FIELDS_LENGTH // len(fields))
    return {"type": "section", "fields": [mrkdwn(clip(text, length)) for text in fields[:FIELDS]]}


def _button(button: Button) -> Block:
    block: Block = {"type": "button", "text": plain(clip(button.label, BUTTON_LENGTH)), "action_id": button.action}
    if button.value:
        block["value"] = button.value
    if button.style:
        block["style"] = button.style
    if button.url:
        block["url"] = button.url
    if button.confirm:
        block["confirm"] = {
            "title": plain(clip(button.label, 100)),
            "text": plain(clip(button.confirm, 300)),
            "confirm": plain(clip(button.label, 30)),
            "deny": plain("Cancel"),
        }
    return block

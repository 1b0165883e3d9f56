"""The only writer of Block Kit: prose, buttons, fields and forms become Slack's blocks, within Slack's limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import Refused
from bot.rendering import escape_mrkdwn

Block = dict[str, Any]

# Slack's limits, in characters and pieces.
SECTION_LENGTH = 3000
FIELD_LENGTH = 2000
FALLBACK_LENGTH = 3000
BUTTON_LENGTH = 75
TITLE_LENGTH = 24
OPTION_LENGTH = 75
ALT_LENGTH = 2000
MESSAGE_BLOCKS = 50
# All blocks of a message together: Slack refuses more than some 13,200 characters, and says so nowhere.
MESSAGE_LENGTH = 12_000
VIEW_BLOCKS = 100
FIELDS = 10
BUTTONS_IN_A_ROW = 25
OPTIONS = 100
# How the block ids begin of what is said above a form that came back.
REFUSAL = "refusal"


@dataclass(frozen=True)
class Button:
    """`action` says what is wanted (`incident.acknowledge`), `value` of what. `confirm` is a question asked first."""

    label: str
    action: str
    value: str = ""
    style: str | None = None
    url: str | None = None
    confirm: str | None = None


@dataclass(frozen=True)
class Message:
    """What is posted: `text` for notifications and screen readers, `blocks` for the eye."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Input:
    """A field of a form. `options` makes it a choice, `kind` `person` asks for a member, `text` for words."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    optional: bool = False
    multiline: bool = False
    hint: str = ""
    options: Sequence[tuple[str, str]] = field(default_factory=tuple)
    max_length: int = 3000


def message(words: str, buttons: Iterable[Button] = (), fields: Sequence[str] = (), footnote: str = "") -> Message:
    """A message of prose: the first line is the headline and stands for the whole; blank lines part the paragraphs."""
    tail = [_fields(fields)] if fields else []
    tail += rows(buttons)
    if footnote:
        tail.append({"type": "context", "elements": [mrkdwn(clip(footnote, FIELD_LENGTH))]})
    # However long the words are, the buttons under them stay.
    blocks = [*_within(prose(words)[: MESSAGE_BLOCKS - len(tail)], MESSAGE_LENGTH), *tail]
    return Message(clip(words.split("\n", 1)[0] or "…", FALLBACK_LENGTH), blocks)


def headed(words: str, said: Message) -> Message:
    """The same message with a line above it."""
    return Message(clip(f"{words} {said.text}", FALLBACK_LENGTH), [*prose(words), *said.blocks][:MESSAGE_BLOCKS])


def prose(words: str) -> list[Block]:
    """One section a paragraph."""
    paragraphs = [part.strip("\n") for part in words.split("\n\n") if part.strip()]
    return [{"type": "section", "text": mrkdwn(piece)} for part in paragraphs for piece in _pieces(part)]


def _within(sections: Sequence[Block], length: int) -> list[Block]:
    """As many sections as there is room for; the last one is cut."""
    kept: list[Block] = []
    for section in sections:
        words = section["text"]["text"]
        if len(words) > length:
            return [*kept, {"type": "section", "text": mrkdwn(clip(words, length))}] if length > 1 else kept
        kept.append(section)
        length -= len(words)
    return kept


def rows(buttons: Iterable[Button]) -> list[Block]:
    """The buttons as one row; nothing when there are none."""
    elements = [_button(button) for button in buttons][:BUTTONS_IN_A_ROW]
    return [{"type": "actions", "elements": elements}] if elements else []


def item(words: str, button: Button) -> Block:
    """A line of a list with its button beside it."""
    return {"type": "section", "text": mrkdwn(clip(words, SECTION_LENGTH)), "accessory": _button(button)}


def code(text: str) -> list[Block]:
    """As it is, in several sections; of a line too long for one the rest is left out. Text that ends code is parted."""
    pieces = _pieces(escape_mrkdwn(text.replace("```", "`` `")), SECTION_LENGTH - len("```\n\n```"))
    return [{"type": "section", "text": mrkdwn(f"```\n{piece}\n```")} for piece in pieces]


def divider() -> Block:
    return {"type": "divider"}


def picture(file: str, alt: str) -> Message:
    """A file that the bot has uploaded, shown; `alt` says in words what it shows."""
    alt = clip(alt, ALT_LENGTH)
    return Message(alt, [{"type": "image", "slack_file": {"id": file}, "alt_text": alt}])


def image(url: str, alt: str) -> Block:
    return {"type": "image", "image_url": url, "alt_text": clip(alt, ALT_LENGTH)}


def form(
    callback: str, title: str, inputs: Iterable[Input], *, submit: str, words: str = "", private: str = ""
) -> dict[str, Any]:
    """A modal. `private` comes back with the submission, unseen by the person."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(clip(title, TITLE_LENGTH)),
        "submit": plain(clip(submit, TITLE_LENGTH)),
        "close": plain("Cancel"),
        "private_metadata": private,
        "blocks": [*prose(words), *(_input(one) for one in inputs)][:VIEW_BLOCKS],
    }


def refilled(view: Mapping[str, Any], words: str, private: str) -> dict[str, Any]:
    """A submitted modal once more, as it was filled in, with these words above in the place of earlier ones."""
    kept = {name: view[name] for name in ("type", "callback_id", "title", "submit", "close")}
    said = [block | {"block_id": f"{REFUSAL}{number}"} for number, block in enumerate(prose(words))]
    others = [block for block in view["blocks"] if not block["block_id"].startswith(REFUSAL)]
    blocks = [*said, *(_filled(block, view["state"]["values"]) for block in others)]
    return {**kept, "private_metadata": private, "blocks": blocks[:VIEW_BLOCKS]}


def raw(title: str, words: str, text: str) -> dict[str, Any]:
    """A modal that shows a text as it is, as much of it as there is room for."""
    return notice(title, Message(words, [*prose(words), *code(text)]))


def notice(title: str, said: Message) -> dict[str, Any]:
    """A modal that only says something."""
    blocks = list(said.blocks)[:VIEW_BLOCKS]
    return {"type": "modal", "title": plain(clip(title, TITLE_LENGTH)), "close": plain("Close"), "blocks": blocks}


def home(parts: Iterable[Message]) -> dict[str, Any]:
    """The App Home: messages one below the other."""
    blocks: list[Block] = []
    for part in parts:
        blocks += [*part.blocks, divider()]
    return {"type": "home", "blocks": blocks[:-1][:VIEW_BLOCKS]}


def mrkdwn(text: str) -> Block:
    """`verbatim`: without it Slack would turn a plain @here of somebody's title into a live mention."""
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


class Filled(dict[str, str]):
    """A form's inputs by name. One that the form has not is Refused: another version of ours has opened it."""

    def __missing__(self, name: str) -> str:
        raise Refused("This form is from an older version of Tocsin. Open it again.")


def values_of(state: Mapping[str, Any]) -> Filled:
    """What a person filled in, by the input's name; empty ones as ''. `state` is a view's `state.values`."""
    return Filled({name: _value(next(iter(element.values()), {})) for name, element in state.items()})


def _value(element: Mapping[str, Any]) -> str:
    if option := element.get("selected_option"):
        return str(option["value"])
    if options := element.get("selected_options"):
        return ",".join(str(option["value"]) for option in options)
    return str(element.get("value") or element.get("selected_user") or element.get("selected_date") or "")


def _pieces(paragraph: str, length: int = SECTION_LENGTH) -> list[str]:
    """A paragraph too long for one section, cut at its lines."""
    pieces, piece = [], ""
    for line in paragraph.split("\n"):
        line = clip(line, length)
        if piece and len(piece) + 1 + len(line) > length:
            pieces.append(piece)
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    return [*pieces, piece] if piece.strip() else pieces


def _filled(block: Block, state: Mapping[str, Any]) -> Block:
    """An input that begins with what was filled in."""
    if block["type"] != "input":
        return block
    element = {name: value for name, value in block["element"].items() if not name.startswith("initial_")}
    held = state.get(block["block_id"], {}).get(element["action_id"], {})
    for begins, holds in (("value", "value"), ("option", "selected_option"), ("user", "selected_user")):
        if held.get(holds):
            element[f"initial_{begins}"] = held[holds]
    return block | {"element": element}


def _fields(fields: Sequence[str]) -> Block:
    return {"type": "section", "fields": [mrkdwn(clip(text, FIELD_LENGTH)) for text in fields[:FIELDS]]}


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


def _input(one: Input) -> Block:
    block: Block = {
        "type": "input",
        "block_id": one.name,
        "label": plain(clip(one.label, 2000)),
        "optional": one.optional,
        "element": _element(one),
    }
    if one.hint:
        block["hint"] = plain(clip(one.hint, 2000))
    return block


def _element(one: Input) -> Block:
    if one.options:
        options = [{"text": plain(clip(text, OPTION_LENGTH)), "value": value} for value, text in one.options[:OPTIONS]]
        chosen = [option for option in options if option["value"] == one.value]
        initial = {"initial_option": chosen[0]} if chosen else {}
        return {"type": "static_select", "action_id": "choice", "options": options, **initial}
    if one.kind == "person":
        return {"type": "users_select", "action_id": "person", **({"initial_user": one.value} if one.value else {})}
    element: Block = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": one.multiline,
        "max_length": one.max_length,
    }
    return element | ({"initial_value": one.value[: one.max_length]} if one.value else {})

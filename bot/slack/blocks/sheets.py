"""A message built around one command that somebody copies: it stands there whole, or not at all."""

from collections.abc import Iterable

from bot.slack.blocks.messages import (
    FALLBACK_LENGTH,
    MESSAGE_BLOCKS,
    MESSAGE_LENGTH,
    Block,
    Button,
    Message,
    clip,
    code,
    fitted,
    prose,
    rows,
)

# Of the words around the command: what comes before it, the step itself, what belongs to it, what lies ahead.
HEAD, STEP, BESIDE, AHEAD = 2_000, 2_500, 2_000, 1_000
COMMAND_LENGTH = MESSAGE_LENGTH - HEAD - STEP - BESIDE - AHEAD
BLOCKS_EACH = 9


def fits(command: str) -> bool:
    """Whether it can be shown whole. One that is cut must not be copied."""
    return _length(code(command)) <= COMMAND_LENGTH


def sheet(head: str, step: str, command: str | None, beside: str, ahead: str, buttons: Iterable[Button]) -> Message:
    """The head's first line stands for the whole. A command that does not fit is left out."""
    shown = code(command) if command and fits(command) else []
    blocks = [
        *fitted(prose(head), BLOCKS_EACH, HEAD),
        *fitted(prose(step), BLOCKS_EACH, STEP),
        *shown,
        *fitted(prose(beside), BLOCKS_EACH, BESIDE),
        *fitted(prose(ahead), BLOCKS_EACH, AHEAD),
        *rows(buttons),
    ]
    return Message(clip(head.split("\n", 1)[0] or "…", FALLBACK_LENGTH), blocks[:MESSAGE_BLOCKS])


def listing(head: str, parts: Iterable[tuple[str, str | None, str]], buttons: Iterable[Button] = ()) -> Message:
    """Words, a command and what belongs to it, one part below the other, as many as one message holds whole."""
    blocks, tail, room, left = prose(head), rows(buttons), MESSAGE_LENGTH - len(head), 0
    for words, command, beside in parts:
        part = [*prose(words), *(code(command) if command else []), *prose(beside)]
        if left or _length(part) > room - 100 or len(blocks) + len(part) + len(tail) >= MESSAGE_BLOCKS:
            left += 1
            continue
        blocks += part
        room -= _length(part)
    more = prose(f"… and {left} more step{'s' * (left != 1)}") if left else []
    return Message(clip(head.split("\n", 1)[0] or "…", FALLBACK_LENGTH), [*blocks, *more, *tail])


def _length(blocks: Iterable[Block]) -> int:
    return sum(len(block["text"]["text"]) for block in blocks)

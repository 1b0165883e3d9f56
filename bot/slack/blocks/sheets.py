"""A message built around one command that somebody copies: it stands there whole, or not at all."""

from collections.abc import Callable, Iterable

from bot.rendering import escape_mrkdwn
from bot.slack.blocks.messages import (
    FALLBACK_LENGTH,
    MESSAGE_BLOCKS,
    MESSAGE_LENGTH,
    SECTION_LENGTH,
    Block,
    Button,
    Message,
    clip,
    fitted,
    mrkdwn,
    prose,
    rows,
)

# Of the words around the command: what comes before it, the step itself, what belongs to it, what lies ahead.
HEAD, STEP, BESIDE, AHEAD = 2_000, 2_500, 2_000, 1_400
COMMAND_LENGTH = MESSAGE_LENGTH - HEAD - STEP - BESIDE - AHEAD
# Of one line of it: a section holds it whole.
LINE_LENGTH = SECTION_LENGTH - len("```\n\n```")
BLOCKS_EACH = 9


def fits(command: str) -> bool:
    """Whether it can be shown as it is. One that is cut, or broken into lines, must not be copied."""
    lines = [len(escape_mrkdwn(line)) for line in command.split("\n")]
    return "```" not in command and max(lines) <= LINE_LENGTH and sum(lines) + len(lines) <= COMMAND_LENGTH


def sheet(head: str, step: str, command: str | None, beside: str, ahead: str, buttons: Iterable[Button]) -> Message:
    """The head's first line stands for the whole. A command that does not fit is left out."""
    shown = _commands(command)
    spare = max(0, COMMAND_LENGTH - _length(shown))

    def part(words: str, length: int) -> list[Block]:
        nonlocal spare
        found = fitted(prose(words), BLOCKS_EACH, length + spare, cut=True)
        spare -= max(0, _length(found) - length)
        return found

    # What the command leaves is had in this order: the step itself is what is needed now.
    whole, before = part(step, STEP), part(head, HEAD)
    blocks = [*before, *whole, *shown, *part(beside, BESIDE), *part(ahead, AHEAD), *rows(buttons)]
    return Message(clip(head.split("\n", 1)[0] or "…", FALLBACK_LENGTH), blocks[:MESSAGE_BLOCKS])


def listing(
    head: str,
    parts: Iterable[tuple[str, str | None, str]],
    buttons: Iterable[Button] = (),
    onward: Callable[[int], Button] | None = None,
) -> Message:
    """Words, a command and what belongs to it, one part below the other, as many as one message holds whole; the first
    in any case. `onward`: the button behind which the others are, given how many stand here."""
    blocks, tail, room, shown, left = prose(head), rows(buttons), MESSAGE_LENGTH - len(head), 0, 0
    for words, command, beside in parts:
        part = [*prose(words), *_commands(command), *prose(beside)]
        is_full = _length(part) > room - 100 or len(blocks) + len(part) + len(tail) + 1 >= MESSAGE_BLOCKS
        if left or (is_full and shown):
            left += 1
            continue
        blocks += fitted(part, MESSAGE_BLOCKS // 2, room - 100, cut=True) if is_full else part
        shown, room = shown + 1, room - _length(part)
    more = prose(f"… and {left} more step{'s' * (left != 1)}") if left else []
    further = rows([onward(shown)]) if left and onward else []
    return Message(clip(head.split("\n", 1)[0] or "…", FALLBACK_LENGTH), [*blocks, *more, *further, *tail])


def _commands(command: str | None) -> list[Block]:
    """In as many sections as it takes, each of whole lines."""
    pieces: list[str] = []
    for line in escape_mrkdwn(command).split("\n") if command and fits(command) else ():
        if pieces and len(pieces[-1]) + 1 + len(line) <= LINE_LENGTH:
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line)
    return [{"type": "section", "text": mrkdwn(f"```\n{piece}\n```")} for piece in pieces]


def _length(blocks: Iterable[Block]) -> int:
    return sum(len(block["text"]["text"]) for block in blocks)

"""Messages around a command that somebody copies: the command is shown completely or not at all."""

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

# The room for the text before the command, the step itself, its notes, and what lies ahead.
HEAD, STEP, BESIDE, AHEAD = 2_000, 2_500, 2_000, 1_400
COMMAND_LENGTH = MESSAGE_LENGTH - HEAD - STEP - BESIDE - AHEAD
# For one line of the command, which must not be split between sections.
LINE_LENGTH = SECTION_LENGTH - len("```\n\n```")
BLOCKS_EACH = 9


def fits(command: str) -> bool:
    """Can it be shown unchanged? A command that was cut or re-wrapped must not be copied."""
    lines = [len(escape_mrkdwn(line)) for line in command.split("\n")]
    return "```" not in command and max(lines) <= LINE_LENGTH and sum(lines) + len(lines) <= COMMAND_LENGTH


def sheet(head: str, step: str, command: str | None, beside: str, ahead: str, buttons: Iterable[Button]) -> Message:
    """The head's first line is the notification. A command that doesn't fit is left out."""
    shown = _commands(command)
    spare = max(0, COMMAND_LENGTH - _length(shown))

    def part(words: str, length: int) -> list[Block]:
        nonlocal spare
        found = fitted(prose(words), BLOCKS_EACH, length + spare, cut=True)
        spare -= max(0, _length(found) - length)
        return found

    # Room that the command doesn't need goes to the step first: it's what matters now.
    whole, before = part(step, STEP), part(head, HEAD)
    blocks = [*before, *whole, *shown, *part(beside, BESIDE), *part(ahead, AHEAD), *rows(buttons)]
    return Message(clip(head.split("\n", 1)[0] or "…", FALLBACK_LENGTH), blocks[:MESSAGE_BLOCKS])


def listing(
    head: str,
    parts: Iterable[tuple[str, str | None, str]],
    buttons: Iterable[Button] = (),
    onward: Callable[[int], Button] | None = None,
) -> Message:
    """Parts of text, command and notes, one below another: as many as fit completely into one message, but at least
    one. `onward`: makes the button for the remaining parts, given how many are shown."""
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
    """The command in as many sections as needed, each of whole lines."""
    pieces: list[str] = []
    for line in escape_mrkdwn(command).split("\n") if command and fits(command) else ():
        if pieces and len(pieces[-1]) + 1 + len(line) <= LINE_LENGTH:
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line)
    return [{"type": "section", "text": mrkdwn(f"```\n{piece}\n```")} for piece in pieces]


def _length(blocks: Iterable[Block]) -> int:
    return sum(len(block["text"]["text"]) for block in blocks)

"""A message around a command: the command is shown verbatim or not at all."""

import pytest

from bot.slack.blocks import fits, listing, sheet
from bot.slack.blocks.messages import MESSAGE_BLOCKS, MESSAGE_LENGTH, SECTION_LENGTH, Message


def texts(message: Message) -> list[str]:
    return [block["text"]["text"] for block in message.blocks if block["type"] == "section"]


def copied(message: Message) -> str:
    return "\n".join(text[4:-4] for text in texts(message) if text.startswith("```"))


@pytest.mark.parametrize(
    "command", ["a\n\nb", "x" * 2900, "\n".join(["y" * 700] * 5), "a `b` <c> && d", " indented\n  more"]
)
def test_a_command_is_shown_verbatim_even_with_empty_and_long_lines(command: str) -> None:
    shown = copied(sheet("Head", "Step", command, "", "", []))
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == command


@pytest.mark.parametrize("command", ["x" * 2993, "&" * 700, "echo '```'", "\n".join(["y" * 1000] * 5)])
def test_a_command_that_would_be_truncated_broken_or_changed_is_left_out(command: str) -> None:
    assert not fits(command)
    assert copied(sheet("Head", "Step", command, "", "", [])) == ""


def test_a_long_step_is_shown_whole_when_the_command_leaves_room() -> None:
    words = f"*Step 1*\n{'word ' * 580}end"
    assert any(text == words for text in texts(sheet("Head", words, "ls", "", "", [])))
    assert any(text == words for text in texts(sheet(words, "Step", "ls", "", "", [])))
    assert any(text == words for text in texts(sheet("Head", "Step", "ls", words, "", [])))


def test_a_line_that_does_not_fit_is_truncated() -> None:
    words = f"*Step 1*\n{'word ' * 590}end"
    (shown,) = [text for text in texts(sheet("Head", words, "y\n" * 2000, "", "", [])) if "word" in text]
    assert len(shown) > 2_000 and shown.endswith("word…")


def test_any_sheet_and_listing_stays_within_slacks_limits() -> None:
    long = "\n\n".join(["&amp;" * 500] * 40)
    for message in (
        sheet(long, long, "x\n" * 1000, long, long, []),
        listing("Head", [(long, "x\n" * 1000, long)] * 60),
        listing("Head", [("Step", "ls", "")] * 60),
    ):
        assert len(message.blocks) <= MESSAGE_BLOCKS
        assert sum(map(len, texts(message))) <= MESSAGE_LENGTH
        assert max(map(len, texts(message))) <= SECTION_LENGTH
    assert texts(listing("Head", [("Step", "ls", "")] * 60))[-1].endswith("more steps")

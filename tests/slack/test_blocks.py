"""Block Kit within Slack's limits, whatever the words are."""

import pytest

from bot.slack.blocks import Button, clip, message, values_of


def test_the_first_line_stands_for_the_whole_and_blank_lines_part_the_paragraphs() -> None:
    said = message("headline\nmore\n\nsecond", [Button("Go", "go", "1")])
    assert said.text == "headline"
    assert [block["type"] for block in said.blocks] == ["section", "section", "actions"]


def test_no_text_is_read_for_mentions() -> None:
    assert message("@here").blocks[0]["text"]["verbatim"] is True


def test_a_long_message_is_cut_to_fifty_blocks_and_keeps_its_buttons() -> None:
    said = message("\n\n".join(f"paragraph {n}" for n in range(80)), [Button("Go", "go")], footnote="end")
    assert len(said.blocks) == 50
    assert [block["type"] for block in said.blocks[-2:]] == ["actions", "context"]


def test_a_long_paragraph_is_parted_at_its_lines() -> None:
    said = message("\n".join(["x" * 1000] * 5))
    assert [len(block["text"]["text"]) for block in said.blocks] == [2001, 2001, 1000]


@pytest.mark.parametrize(
    ("text", "length", "clipped"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab &amp; cd", 6, "ab…"),  # never inside an entity
        ("ab <@U0ADA> cd", 8, "ab…"),  # never inside a mention
        ("ab <@U0ADA> cd", 13, "ab <@U0ADA>…"),
    ],
)
def test_a_text_is_never_cut_inside_what_slack_reads_as_one(text: str, length: int, clipped: str) -> None:
    assert clip(text, length) == clipped


def test_the_inputs_of_a_form_are_read_by_their_names() -> None:
    state = {
        "title": {"text": {"type": "plain_text_input", "value": "Down"}},
        "why": {"text": {"type": "plain_text_input", "value": None}},
        "severity": {"choice": {"type": "static_select", "selected_option": {"value": "P1"}}},
        "who": {"person": {"type": "users_select", "selected_user": "U0ADA"}},
    }
    assert values_of(state) == {"title": "Down", "why": "", "severity": "P1", "who": "U0ADA"}

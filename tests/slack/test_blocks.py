"""Block Kit within Slack's limits, whatever the text."""

import json

import pytest

from bot.slack.blocks import MESSAGE_LENGTH, Button, Message, clip, message, raw, values_of


def test_the_first_line_is_the_summary_and_blank_lines_separate_paragraphs() -> None:
    said = message("headline\nmore\n\nsecond", [Button("Go", "go", "1")])
    assert said.text == "headline"
    assert [block["type"] for block in said.blocks] == ["section", "section", "actions"]


def test_text_is_never_parsed_for_mentions() -> None:
    assert message("@here").blocks[0]["text"]["verbatim"] is True


def test_a_long_message_is_truncated_to_fifty_blocks_and_keeps_its_buttons() -> None:
    said = message("\n\n".join(f"paragraph {n}" for n in range(80)), [Button("Go", "go")], footnote="end")
    assert len(said.blocks) == 50
    assert [block["type"] for block in said.blocks[-2:]] == ["actions", "context"]


def test_a_long_paragraph_is_split_at_line_breaks() -> None:
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
def test_text_is_never_truncated_inside_an_entity_or_mention(text: str, length: int, clipped: str) -> None:
    assert clip(text, length) == clipped


def test_the_inputs_of_a_form_are_read_by_their_names() -> None:
    state = {
        "title": {"text": {"type": "plain_text_input", "value": "Down"}},
        "why": {"text": {"type": "plain_text_input", "value": None}},
        "severity": {"choice": {"type": "static_select", "selected_option": {"value": "P1"}}},
        "who": {"person": {"type": "users_select", "selected_user": "U0ADA"}},
    }
    assert values_of(state) == {"title": "Down", "why": "", "severity": "P1", "who": "U0ADA"}


def texts(said: Message) -> list[str]:
    return [block["text"]["text"] for block in said.blocks if "text" in block]


def length(said: Message) -> int:
    """The length of everything readable, as Slack counts it."""
    fields = [field["text"] for block in said.blocks for field in block.get("fields", ())]
    return sum(map(len, texts(said) + fields))


@pytest.mark.parametrize("parted", ["\n", "\n\n"])
def test_items_that_do_not_fit_are_counted(parted: str) -> None:
    said = message(parted.join(f"{n:03} " + "x" * 600 for n in range(100)), [Button("Go", "go")])
    shown = sum(text.count(" x") for text in texts(said))
    assert 10 < shown < 100
    assert texts(said)[-1] == f"… and {100 - shown} more lines"
    assert length(said) <= MESSAGE_LENGTH


def test_text_and_fields_share_the_room() -> None:
    said = message("\n".join(["y" * 2_900] * 10), fields=["*a* " + "x" * 3_000] * 10, footnote="z" * 3_000)
    assert length(said) <= MESSAGE_LENGTH
    assert texts(said)[-1] == "… and 9 more lines"


def test_a_message_that_just_fits_does_not_mention_more() -> None:
    full = ["x" * 2_400] * 5
    assert len(texts(message("\n\n".join(full)))) == 5
    assert texts(message("\n\n".join([*full, "y"])))[-1] == "… and 2 more lines"


@pytest.mark.parametrize("text", ["&" * 64_000, "\n".join(["&"] * 40_000), "\n".join(["😀 <"] * 20_000), "x\n" * 9])
def test_raw_text_is_truncated_to_fit_a_view_and_the_rest_is_counted(text: str) -> None:
    view = raw("Received", "Received:", text)
    assert len(json.dumps(view)) <= 250_000
    assert len(view["blocks"]) <= 100
    shown = sum(block["text"]["text"].count("\n") - 1 for block in view["blocks"][1:] if "```" in str(block))
    left = sum(-(-len(line) // 500) for line in text.strip().splitlines()) - shown
    assert (f"… and {left} more lines" in str(view)) == (left > 0)


def test_a_line_as_long_as_a_whole_body_is_shown_completely() -> None:
    shown = "".join(block["text"]["text"] for block in raw("Received", "", "&" * 7_000)["blocks"])
    assert shown.count("&amp;") == 7_000

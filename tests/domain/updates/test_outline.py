"""How plain text is laid out as HTML."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.updates.outline import Line, outline

LETTER = """Dear client,

We're working on it: see the list.

Status: identified
Next update: 17:30 BST
- Orders fail
- Invoices wait

Kind regards
Example Tutors"""


def test_paragraphs_lists_and_facts_are_told_apart() -> None:
    assert [(part.kind, list(part.lines)) for part in outline(LETTER)] == [
        ("paragraph", [Line("Dear client,")]),
        ("paragraph", [Line("We're working on it: see the list.")]),
        ("paragraph", [Line("identified", "Status"), Line("17:30 BST", "Next update")]),
        ("list", [Line("Orders fail"), Line("Invoices wait")]),
        ("paragraph", [Line("Kind regards"), Line("Example Tutors")]),
    ]


@given(st.text("aA -:*.\n", max_size=80))
def test_no_word_is_lost_in_the_layout(text: str) -> None:
    shown = "".join(f"{line.label} {line.text} " for part in outline(text) for line in part.lines)
    assert [sign for sign in shown if sign in "aA."] == [sign for sign in text if sign in "aA."]

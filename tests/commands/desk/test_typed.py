"""Slack's escaped form of typed text reads back as it was typed."""

import pytest

from bot.rendering import escape_mrkdwn, unescape_mrkdwn
from commands.desk.typed import as_typed, first_word, is_mention, mentioned

NAMES = {"U0ADA": "Ada Obi"}


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Payments failing", "Payments failing"),
        ("R&amp;D says 1 &lt; 2 &gt; 0", "R&D says 1 < 2 > 0"),
        ("typed &amp;lt; itself", "typed &lt; itself"),
        ("<@U0ADA> knows", "@Ada Obi knows"),
        ("<@U0ADA|ada> knows", "@Ada Obi knows"),
        ("<@U0EVE|eve> is in no list", "@eve is in no list"),
        ("<@U0EVE> has no name", "@U0EVE has no name"),
        ("see <#C012AB|general>", "see #general"),
        ("see <#C012AB|>", "see (a private channel)"),
        ("see <#C012AB>", "see (a private channel)"),
        ("<!here> and <!channel>", "@here and @channel"),
        ("<!here|here>", "@here"),
        ("<!subteam^S012|@sre> look", "@sre look"),
        ("at <!date^1392734382^{date_num}|Feb 18>", "at Feb 18"),
        ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
        ("<http://example.com|example.com> is down", "example.com is down"),
        ("<https://example.com/|https://example.com/>", "https://example.com/"),
        ("<mailto:ada@example.com|ada@example.com>", "ada@example.com"),
        ("<tel:+447700900001|+447700900001>", "+447700900001"),
        ("<https://evil.example|https://good.example>", "https://good.example (https://evil.example)"),
        ("read <https://example.com/x|the plan>", "read the plan (https://example.com/x)"),
        ("&lt;<https://evil.example>|good&gt;", "<https://evil.example|good>"),
        ("&lt;!channel&gt; &lt;@U0ADA&gt;", "<!channel> <@U0ADA>"),
        ("a <b> c", "a <b> c"),
        ("", ""),
    ],
)
def test_the_text_reads_back_as_typed(written: str, typed: str) -> None:
    assert as_typed(written, NAMES) == typed


def test_a_name_cannot_contain_escapes_that_would_be_undone_twice() -> None:
    assert as_typed("<@U0ADA>", {"U0ADA": "&lt;!channel&gt;"}) == "@&lt;!channel&gt;"


def test_unescaping_undoes_escaping_whatever_is_in_the_text() -> None:
    for text in ("&lt;", "&amp;lt;", "<&>", "&&amp;;"):
        assert unescape_mrkdwn(escape_mrkdwn(text)) == text


def test_mentioned_accounts_are_listed_once_each() -> None:
    assert mentioned("<@U0ADA> and <@W0BEN|ben>, <@U0ADA|ada>, <#C1|x>") == ["U0ADA", "W0BEN"]


@pytest.mark.parametrize(
    ("typed", "word", "rest"),
    [
        ("declare P1 x", "declare", "P1 x"),
        ("  declare \n P1  x  ", "declare", "P1  x"),
        ("<@U0ADA|Ada of Lagos> please", "<@U0ADA|Ada of Lagos>", "please"),
        ("alone", "alone", ""),
        ("   ", "", ""),
        ("", "", ""),
    ],
)
def test_a_mention_is_one_word_whatever_its_label(typed: str, word: str, rest: str) -> None:
    assert first_word(typed) == (word, rest)


def test_only_a_complete_mention_of_a_person_counts() -> None:
    assert is_mention("<@U0ADA>")
    assert is_mention("<@U0ADA|ada>")
    assert not is_mention("@ada")
    assert not is_mention("<#C0ADA>")
    assert not is_mention("<@U0ADA> x")

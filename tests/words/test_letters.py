"""A mail's HTML part: what nearly every mail program renders alike, even on a phone and in dark mode."""

import re
from datetime import UTC
from html.parser import HTMLParser

from bot.domain.updates.outline import outline
from bot.rendering import Rendering

ADDRESS = f"https://status.example.com/{'0123456789abcdef' * 5}?a=1&b=2"
TEXT = f"Dear client,\n\nStatus: <b>identified</b>\nSee {ADDRESS}.\n\n- One\n- {'Z' * 90}\n"
TAGS = {"html", "head", "meta", "title", "body", "div", "h1", "p", "br", "strong", "ul", "li", "a", "wbr"}
# On a screen 360 px wide, where a 16 px character is at most 10 px wide on average.
LONGEST = 33


class Read(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.properties: set[str] = set()
        self.pieces: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.names.add(name)
            if name == "style":
                self.properties |= {one.partition(":")[0].strip() for one in str(value).split(";")}

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def letter(text: str = TEXT) -> str:
    return Rendering(UTC).say("letter/update", subject=f"Down & out {'Q' * 50}", parts=outline(text))


def test_a_letter_has_no_stylesheet_script_picture_or_colour_and_few_styles() -> None:
    read = Read(letter())
    assert read.tags <= TAGS
    assert read.names <= {"lang", "charset", "name", "content", "role", "aria-label", "style", "href"}
    assert read.properties <= {"max-width", "padding", "font-family", "font-size", "line-height"}
    assert 'name="color-scheme" content="light dark"' in letter()


def test_no_word_in_a_letter_is_wider_than_a_phone() -> None:
    html = letter()
    shown = html[html.index("<h1") :]
    assert max(len(word) for piece in Read(shown).pieces for word in re.split(r"\s", piece)) <= LONGEST


def test_a_breakable_word_still_reads_as_the_same_word() -> None:
    html = letter()
    assert f'href="{ADDRESS.replace("&", "&amp;")}"' in html
    assert f">{ADDRESS}</a>".replace("&", "&amp;") in html.replace("<wbr>", "")
    assert "&lt;b&gt;identified&lt;/b&gt;" in html and "Z" * 90 in html.replace("<wbr>", "")
    assert "<wbr>" not in html[: html.index("<h1")]

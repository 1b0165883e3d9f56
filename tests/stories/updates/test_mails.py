"""Updates by mail: what each reader gets, and who is shown to have got it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from tests.mail_server import PostOffice
from tests.stories.updates.test_stakeholder_updates import (
    card,
    declared,
    does,
    office,
    updating,
    updating_world,
    writes,
)
from tests.world import RUNBOOK, World, words_of

__all__ = ["office"]

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
READERS = [f"r{number}@example.com" for number in range(14)]


def telling(*readers: str) -> str:
    more = f"audiences:\n  clients: {{email: [{', '.join(readers)}], template: stakeholder}}\n"
    return updating(RUNBOOK, "clients", more)


class Seen(HTMLParser):
    """The words and links a reader sees in an HTML mail, and the URLs that would be fetched to show it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self._hidden = False
        # A word with a line-break opportunity is still one word.
        self.feed(html.replace("<wbr>", ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("style", "title")
        for name, value in attrs:
            if (tag, name) == ("a", "href"):
                self.links.append(value or "")
            elif name in ("src", "srcset", "background", "data") or (tag, name) == ("link", "href"):
                self.fetched.append(value or "")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())


async def test_a_mail_says_the_same_as_text_and_as_html_and_fetches_nothing(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with updating_world(new_world, office, telling("a@example.com")) as world:
        await declared(world)
        text = "Status: <b>down</b> & out\n\n- See https://example.com/a?b=1&c=2.\n- No card"
        await writes(world, "ada", "clients", subject="Orders <fail>", text=text)
    (letter,) = office.letters
    html = part(letter, "html")
    seen = Seen(html)
    assert part(letter, "plain").replace("\r\n", "\n").rstrip() == text
    assert " ".join(seen.words) == (
        "Orders <fail> Status: <b>down</b> & out See https://example.com/a?b=1&c=2 . No card"
    )
    assert seen.links == ["https://example.com/a?b=1&c=2"]
    assert seen.fetched == [] and "url(" not in html and "@import" not in html
    assert '<html lang="en">' in html


async def test_a_mail_has_headers_that_say_it_is_automatic_and_for_which_list(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with updating_world(new_world, office, telling("a@example.com", "b@example.com")) as world:
        await declared(world)
        await writes(world, "ada", "clients", subject="One")
        await writes(world, "ada", "clients", subject="Two")
    assert {letter["Auto-Submitted"] for letter in office.letters} == {"auto-generated"}
    assert {letter["List-Id"] for letter in office.letters} == {"<clients.tocsin.example.com>"}
    assert len({letter["In-Reply-To"] for letter in office.letters}) == 1
    assert len({letter["Message-ID"] for letter in office.letters}) == 4
    assert (
        sorted(envelope.rcpt_tos for envelope in office.envelopes) == [["a@example.com"]] * 2 + [["b@example.com"]] * 2
    )
    assert {envelope.mail_from for envelope in office.envelopes} == {"bell@example.com"}


async def test_the_card_names_who_got_it_who_was_refused_and_who_is_deferred(
    new_world: NewWorld, office: PostOffice
) -> None:
    office.says_to("b@example.com", "550 5.1.1 No such person")
    office.says_to("c@example.com", "450 4.2.2 Mailbox full")
    async with updating_world(new_world, office, telling(*(f"{who}@example.com" for who in "abcd"))) as world:
        await declared(world)
        await writes(world, "ada", "clients", subject="Sorry")
        shown = words_of(card(world, "clients"))
        assert "✓ email: sent to 2 (a@example.com, d@example.com)" in shown
        assert "✗ email: b@example.com not sent: the mail server says 550 5.1.1 No such person" in shown
        assert "⏳ email: 1 not sent yet (the mail server says 450 4.2.2 Mailbox full): c@example.com" in shown
        assert "delivered" not in shown


async def test_the_card_names_some_of_many_recipients_and_a_button_shows_all(
    new_world: NewWorld, office: PostOffice
) -> None:
    office.says_to(READERS[3], "550 5.1.1 No such person")
    async with updating_world(new_world, office, telling(*READERS)) as world:
        await declared(world)
        await writes(world, "ada", "clients", subject="Sorry")
        assert "and 3 more" in words_of(card(world, "clients"))
        pressed = await world.ben.presses("Recipients", card(world, "clients"))
        await world.settled()
        answer = "\n".join(words_of(one) for one in pressed.messages)
        assert f"✗ email: {READERS[3]} not sent" in answer
        assert all(reader in answer for reader in READERS)


@pytest.mark.parametrize("audience", ["stakeholder", "client", "internal", "public"])
async def test_the_html_of_every_audiences_template_has_the_same_words_as_its_text(
    new_world: NewWorld, office: PostOffice, audience: str
) -> None:
    runbook = telling("a@example.com").replace("template: stakeholder", f"template: {audience}, automatic: true")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        await does(world, "ada", "/incident resolve Rolled back")
    for letter in office.letters:
        said = f"{letter['Subject']} {part(letter, 'plain')}".split()
        assert [word.strip("-•") for word in Seen(part(letter, "html")).words] == [word.strip("-•") for word in said]

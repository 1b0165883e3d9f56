"""Pages by mail: their content, and a page's state after each answer of the mail server."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.paging.page import Page
from bot.pagers.email import EmailPager
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.settings import Smtp
from bot.wire.mail import Mail
from tests.mail_server import PostOffice, post_office
from tests.pagers.conftest import IMPATIENT, NOON, Calling


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
def pager(office: PostOffice, clock: Clock, rendering: Rendering, runbook: Runbook, timeout_s: float) -> EmailPager:
    mail = Mail(Smtp.parse(f"smtp://127.0.0.1:{office.port}"), "bell@example.com", clock, timeout_s=timeout_s)
    return EmailPager(mail, rendering, runbook, link_to)


async def link_to(page: Page) -> str | None:
    return f"https://tocsin.example.com/ack/{page.id}"


async def no_link(page: Page) -> str | None:
    return None


TO_ADA = {"via": "email", "contact": "ada@example.com"}


async def test_a_page_says_what_is_wrong_how_severe_it_is_and_how_to_acknowledge(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    reference = await pager.page(calling(**TO_ADA))

    (letter,) = office.letters
    assert office.envelopes[0].rcpt_tos == ["ada@example.com"]
    assert letter["Subject"] == "P1: Payments failing (INC-12)"
    assert reference == f"{letter['Message-ID']} OK queued as 4F3A"
    lines = letter.get_content().splitlines()
    assert lines[:2] == ["P1 Critical: Payments failing", "Complete outage"]
    assert lines[-1] == "https://tocsin.example.com/ack/7"
    for fact in ("Example Tutors, INC-12", "Sat 08 Aug 2026 13:00 BST", "#inc-2026-08-08-payments-failing"):
        assert fact in letter.get_content()
    assert "Paged as: On-call Engineer" in letter.get_content()


async def test_a_page_by_hand_says_why_and_a_late_one_that_it_is_late(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    await pager.page(calling(**TO_ADA, tier=None, reason="We need <you> & your keys", late=True))

    (letter,) = office.letters
    assert letter["Subject"] == "P1, late: Payments failing (INC-12)"
    assert "Paged as: Ada Obi" in letter.get_content()
    assert "Why you: We need <you> & your keys" in letter.get_content()
    assert "This page is late. It was due Sat 08 Aug 2026 13:00 BST." in letter.get_content()


async def test_every_part_of_a_drills_page_begins_with_drill(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    await pager.page(calling(**TO_ADA, incident={"drill": True}))

    assert office.letters[0]["Subject"].startswith("DRILL P1")
    assert office.letters[0].get_content().startswith("DRILL P1")


async def test_a_private_incidents_page_says_so_in_subject_and_body(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    await pager.page(calling(**TO_ADA, incident={"private": True}))

    assert office.letters[0]["Subject"] == "P1, private: Payments failing (INC-12)"
    assert "This incident is private" in office.letters[0].get_content()


async def test_without_a_public_url_the_page_says_how_to_acknowledge_in_slack(
    office: PostOffice, clock: Clock, rendering: Rendering, runbook: Runbook, calling: Calling
) -> None:
    mail = Mail(Smtp.parse(f"smtp://127.0.0.1:{office.port}"), "bell@example.com", clock)
    await EmailPager(mail, rendering, runbook, no_link).page(calling(**TO_ADA))

    assert "/escalate ack" in office.letters[0].get_content()


async def test_a_title_cannot_forge_a_header(office: PostOffice, pager: EmailPager, calling: Calling) -> None:
    await pager.page(calling(**TO_ADA, incident={"title": "Oh\r\nBcc: everybody@example.com\r\n\r\nno"}))

    assert office.letters[0]["Bcc"] is None
    assert office.envelopes[0].rcpt_tos == ["ada@example.com"]


async def test_a_repeat_has_the_same_message_id_and_another_page_has_another(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    await pager.page(calling(**TO_ADA))
    await pager.page(calling(**TO_ADA, unsure=True))
    await pager.page(calling(**TO_ADA, due_at=NOON + timedelta(days=1)))

    first, repeat, other = (letter["Message-ID"] for letter in office.letters)
    assert first == repeat
    assert other != first


async def test_a_refused_page_is_never_called_accepted(office: PostOffice, pager: EmailPager, calling: Calling) -> None:
    office.says_to("ada@example.com", "550 no such mailbox")
    with pytest.raises(Rejected, match="550 no such mailbox"):
        await pager.page(calling(**TO_ADA))
    with pytest.raises(Rejected, match=r"550.*; an earlier attempt may have been accepted"):
        await pager.page(calling(**TO_ADA, unsure=True))

    office.says_to("ada@example.com", "451 come back later")
    with pytest.raises(Unreachable, match="451"):
        await pager.page(calling(**TO_ADA))
    assert office.letters == []


@IMPATIENT
async def test_a_page_the_server_never_confirmed_is_called_unanswered(
    office: PostOffice, pager: EmailPager, calling: Calling
) -> None:
    office.silent_at = "DATA"
    with pytest.raises(Unanswered):
        await pager.page(calling(**TO_ADA))


def test_only_people_with_an_address_can_be_paged_by_mail(pager: EmailPager, runbook: Runbook) -> None:
    assert pager.contact(runbook.people["ada"]) == "ada@example.com"
    assert pager.contact(runbook.people["dev"]) is None

"""Pages by text message: their content, and how they are kept short."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.clock import Clock
from bot.domain.errors import Unanswered
from bot.domain.paging.page import Page
from bot.pagers import PagerParts
from bot.pagers.sms import SmsPager
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.telephone import TelephoneCompany
from bot.settings import Settings
from bot.wire.http_client import http_client
from bot.wire.telephone import LISTED, Telephone, segments
from bot.wire.webhooks import Hooks
from tests.pagers.conftest import NOON, Calling, KeptUnconfirmed, standing_at

TO_ADA: dict[str, Any] = {"via": "sms", "contact": "+447700900001"}
LINK = f"https://tocsin.example.com/ack/{'x' * 60}"
# The sent page's number and its short timestamp.
MARK = "7-5cju"


@pytest.fixture
async def company(clock: Clock) -> AsyncIterator[TelephoneCompany]:
    company = TelephoneCompany(clock, Mailbox(clock, Changes()))
    await company.start()
    yield company
    await company.stop()


async def link_to(page: Page) -> str | None:
    return LINK


async def no(*_: object, **__: object) -> Any:
    return False


@pytest.fixture
async def pager(
    company: TelephoneCompany,
    clock: Clock,
    rendering: Rendering,
    runbook: Runbook,
    unconfirmed: KeptUnconfirmed,
    timeout_s: float,
) -> AsyncIterator[SmsPager]:
    settings = Settings.from_environment(company.environ)
    assert settings.twilio is not None
    async with http_client() as session:
        telephone = Telephone(
            settings.twilio, session, clock, public_url="https://tocsin.example.com", timeout_s=timeout_s
        )
        slack: Any = no
        parts = PagerParts(
            clock=clock, runbook=runbook, rendering=rendering, messenger=slack, paint=no, account_of=no,
            known_account=dict[str, str]().get, acknowledge_link=link_to, open_alert=no, unconfirmed=unconfirmed,
            mail=None,
            session=session, settings=settings, hooks=Hooks(session, clock, no), telephone=telephone, has_stopped=no,
            belongs_elsewhere=no,
        )  # fmt: skip
        yield SmsPager(parts, telephone)


async def test_a_late_page_by_hand_says_both(pager: SmsPager, company: TelephoneCompany, calling: Calling) -> None:
    await pager.page(calling(**TO_ADA, late=True, reason="You know the <gateway> & its keys"))

    assert company.texts()[0].body == (
        "P1, late: Payments failing (INC-12)\n"
        "Why you: You know the <gateway> & its keys\n"
        f"Acknowledge: {LINK}\n"
        "or reply ACK\n"
        f"Page {MARK}"
    )


@pytest.mark.parametrize("title", ["Payments " * 22, "Оплата " * 28, "🔔" * 200])
async def test_a_long_title_is_truncated_to_keep_the_page_to_a_few_segments(
    pager: SmsPager, company: TelephoneCompany, calling: Calling, title: str
) -> None:
    await pager.page(calling(**TO_ADA, incident={"title": title.strip()}))

    body = company.texts()[0].body
    assert segments(body) <= 3
    assert "... (INC-12)\n" in body
    assert body.endswith(f"{LINK}\nor reply ACK\nPage {MARK}"), "what to do is never cut"


async def test_a_sent_text_is_found_by_its_number_and_not_sent_again(
    pager: SmsPager, company: TelephoneCompany, calling: Calling
) -> None:
    first = await pager.page(calling(**TO_ADA))
    await pager.page(calling(**TO_ADA, id=77))

    assert await pager.page(calling(**TO_ADA, unsure=True)) == first
    assert len(company.texts()) == 2


async def test_a_text_from_a_former_databases_page_of_the_same_number_is_not_mistaken_for_this_one(
    pager: SmsPager, company: TelephoneCompany, calling: Calling, clock: Clock
) -> None:
    await pager.page(calling(**TO_ADA))
    clock.move(timedelta(hours=1))

    again = calling(**TO_ADA, unsure=True, due_at=clock.now(), first_attempt_at=clock.now())
    await pager.page(again)
    assert len(company.texts()) == 2


@pytest.mark.parametrize("minutes", [-60, -2, 2, 60])
async def test_a_text_is_found_despite_any_clock_skew_with_twilio(
    pager: SmsPager, company: TelephoneCompany, calling: Calling, clock: Clock, minutes: int
) -> None:
    company.clock = standing_at(NOON + timedelta(minutes=minutes))
    first = await pager.page(calling(**TO_ADA))

    assert await pager.page(calling(**TO_ADA, unsure=True)) == first
    assert len(company.texts()) == 1


@pytest.mark.parametrize(("seconds", "is_sent"), [(59, False), (60, True)])
async def test_after_a_minute_of_fruitless_searching_a_possible_repeat_is_sent(
    pager: SmsPager, company: TelephoneCompany, calling: Calling, clock: Clock, seconds: int, is_sent: bool
) -> None:
    company.hides = True
    clock.freeze(NOON + timedelta(hours=1))
    with pytest.raises(Unanswered):
        await pager.page(calling(**TO_ADA, unsure=True))
    clock.move(timedelta(seconds=seconds))
    if is_sent:
        await pager.page(calling(**TO_ADA, unsure=True))
        assert "This may be a repeat." in company.texts()[0].body
    else:
        with pytest.raises(Unanswered):
            await pager.page(calling(**TO_ADA, unsure=True))
        assert company.texts() == []


async def test_more_texts_than_can_be_searched_are_no_proof_that_it_was_not_sent(
    pager: SmsPager, company: TelephoneCompany, calling: Calling
) -> None:
    first = await pager.page(calling(**TO_ADA))
    (text,) = company.texts()
    company.items += [replace(text, sid=f"SM{number}", body=f"Page 1{number}-0000") for number in range(LISTED - 1)]
    assert await pager.page(calling(**TO_ADA, unsure=True)) == first

    company.items.append(replace(text, sid="SM", body="Page 99-0000"))
    with pytest.raises(Unanswered, match="more to this number than"):
        await pager.page(calling(**TO_ADA, unsure=True))

"""Unconfirmed pages by call: Twilio lists calls, but not which page made them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.clock import Clock
from bot.domain.errors import Unanswered
from bot.domain.paging.page import Page
from bot.pagers import PagerParts
from bot.pagers.voice import VoicePager
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.telephone import TelephoneCompany
from bot.settings import Settings
from bot.wire.http_client import http_client
from bot.wire.telephone import Telephone
from bot.wire.webhooks import Hooks
from tests.pagers.conftest import NOON, Calling, KeptUnconfirmed, standing_at

TO_ADA: dict[str, Any] = {"via": "voice", "contact": "+447700900001"}
UNKNOWN: dict[str, Any] = {**TO_ADA, "unsure": True}


@pytest.fixture
async def company(clock: Clock) -> AsyncIterator[TelephoneCompany]:
    company = TelephoneCompany(clock, Mailbox(clock, Changes()))
    await company.start()
    yield company
    await company.stop()


async def no(*_: object, **__: object) -> Any:
    return False


@pytest.fixture
def of_others() -> set[str]:
    """The calls known to belong to other pages."""
    return set()


@pytest.fixture
async def pager(
    company: TelephoneCompany, clock: Clock, rendering: Rendering, runbook: Runbook, unconfirmed: KeptUnconfirmed,
    of_others: set[str], timeout_s: float,
) -> AsyncIterator[VoicePager]:  # fmt: skip
    async def belongs_elsewhere(reference: str, page: Page) -> bool:
        return reference in of_others

    settings = Settings.from_environment(company.environ)
    assert settings.twilio is not None
    async with http_client() as session:
        telephone = Telephone(settings.twilio, session, clock, timeout_s=timeout_s)
        slack: Any = no
        parts = PagerParts(
            clock=clock, runbook=runbook, rendering=rendering, messenger=slack, paint=no, account_of=no,
            known_account=dict[str, str]().get, acknowledge_link=no, open_alert=no, unconfirmed=unconfirmed, mail=None,
            session=session, settings=settings, hooks=Hooks(session, clock, no), telephone=telephone, has_stopped=no,
            belongs_elsewhere=belongs_elsewhere,
        )  # fmt: skip
        yield VoicePager(parts, telephone)


async def test_a_call_no_other_page_can_have_made_is_this_pages(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, of_others: set[str]
) -> None:
    of_others.add(await pager.page(calling(**TO_ADA)))
    made = await pager.page(calling(**TO_ADA))

    assert await pager.page(calling(**UNKNOWN)) == made
    assert len(company.calls()) == 2


async def test_when_no_call_was_made_it_is_made_and_not_marked_as_a_repeat(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, unconfirmed: KeptUnconfirmed
) -> None:
    unconfirmed.others = [8]
    await pager.page(calling(**UNKNOWN))

    assert "called for this before" not in company.calls()[0].fields["Twiml"]


async def test_two_unconfirmed_pages_each_claim_one_of_two_calls(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, unconfirmed: KeptUnconfirmed
) -> None:
    made = [await pager.page(calling(**TO_ADA, id=number)) for number in (7, 8)]

    taken = []
    for number, other in ((7, 8), (8, 7)):
        unconfirmed.others = [other]
        taken.append(await pager.page(calling(**UNKNOWN, id=number)))

    assert taken == made
    assert len(company.calls()) == 2


async def test_two_unconfirmed_pages_with_only_one_call_are_both_repeated_after_a_minute(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, unconfirmed: KeptUnconfirmed, clock: Clock,
    of_others: set[str], timeout_s: float,
) -> None:  # fmt: skip
    await pager.page(calling(**TO_ADA))
    pages = [(calling(**UNKNOWN, id=number), other) for number, other in ((7, 8), (8, 7))]
    for seconds in (0, 59):
        clock.move(timedelta(seconds=seconds))
        for call, other in pages:
            unconfirmed.others = [other]
            with pytest.raises(Unanswered, match="other pages to this number"):
                await pager.page(call)
    assert len(company.calls()) == 1

    clock.move(timedelta(seconds=1))
    for call, other in pages:
        # A repeated page may have made the first call after all.
        unconfirmed.others = [other]
        of_others.add(await pager.page(call))
    assert ["called for this before" in call.fields["Twiml"] for call in company.calls()] == [False, True, True]


@pytest.mark.parametrize("minutes", [-60, -2, 2, 60])
async def test_a_call_is_found_despite_any_clock_skew_with_twilio(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, minutes: int
) -> None:
    company.clock = standing_at(NOON + timedelta(minutes=minutes))
    made = await pager.page(calling(**TO_ADA))

    assert await pager.page(calling(**UNKNOWN)) == made
    assert len(company.calls()) == 1


async def test_a_call_from_another_number_of_the_account_or_from_long_before_is_not_ours(
    pager: VoicePager, company: TelephoneCompany, calling: Calling, clock: Clock
) -> None:
    await pager.page(calling(**TO_ADA))
    clock.move(timedelta(minutes=10))
    await pager.page(calling(**TO_ADA))
    company.items[-1].sender = "+447700900555"

    made = await pager.page(calling(**UNKNOWN, first_attempt_at=NOON + timedelta(minutes=10)))
    assert [call.sid for call in company.calls()].index(made) == 2

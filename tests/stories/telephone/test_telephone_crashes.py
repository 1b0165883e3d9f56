"""A process is killed between the provider's acceptance and our record of it: nobody is texted or called twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.telephone import TelephoneCompany
from tests.processes import fleet
from tests.stories.telephone.telephones import ADA, by


@pytest.fixture
async def company() -> AsyncIterator[TelephoneCompany]:
    company = TelephoneCompany(Clock(), Mailbox(Clock(), Changes()))
    await company.start()
    yield company
    await company.stop()


async def test_a_text_and_a_call_twilio_accepted_before_the_process_died_are_found_and_not_sent_twice(
    database: str, tmp_path: Path, company: TelephoneCompany
) -> None:
    async with fleet(database, tmp_path, runbook=by("sms", "voice"), launched=0, **company.environ) as processes:
        (doomed,) = await processes.start()
        company.hold()
        await processes.declared()
        await processes.until(lambda: company.texts() and company.calls())
        await doomed.dies()
        assert [page.state for page in await processes.pages()] == ["waiting", "waiting"]

        company.release()
        await processes.start()
        await processes.until_calm()
        text, call = company.texts(ADA)[0], company.calls(ADA)[0]
        assert [(page.via, page.state, page.reference) for page in await processes.pages()] == [
            ("sms", "accepted", text.sid),
            ("voice", "accepted", call.sid),
        ]
        assert len(company.items) == 2

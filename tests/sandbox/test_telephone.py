"""The simulated Twilio is as strict as the real one."""

import base64
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from bot.clock import Clock
from bot.sandbox.errors import NotOnScreen
from bot.sandbox.telephone import TelephoneCompany
from bot.sandbox.workspace import Workspace
from tests.provider import Provider, provider

ADA, CALLBACK = "+447700900001", "https://tocsin.example.com/twilio/status?page=1.2"


@pytest.fixture
async def company(clock: Clock, workspace: Workspace) -> AsyncIterator[TelephoneCompany]:
    company = TelephoneCompany(clock, workspace.mailbox)
    await company.start()
    yield company
    await company.stop()


@pytest.fixture
async def bot() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


async def asks(
    company: TelephoneCompany, kind: str, *, token: str | None = None, **fields: str
) -> tuple[int, int | None]:
    """Sends a request; returns the status and Twilio's error code."""
    whole = f"{company.account}:{token or company.token}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(whole).decode()}"}
    url = f"{company.origin}/2010-04-01/Accounts/{company.account}/{kind}.json"
    async with aiohttp.ClientSession() as session, session.post(url, data=fields, headers=headers) as answer:
        return answer.status, (await answer.json()).get("code")


async def test_it_refuses_what_twilio_refuses(company: TelephoneCompany) -> None:
    right = {"To": ADA, "From": company.number, "Body": "P1"}
    refused = [
        ({"To": "07700900001"}, 21211), ({"From": ADA}, 21606), ({"To": company.number}, 21266), ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ]  # fmt: skip
    for wrong, code in refused:
        assert await asks(company, "Messages", **{**right, **wrong}) == (400, code)
    assert await asks(company, "Messages", token="wr0ng", **right) == (401, 20003)
    assert await asks(company, "Calls", To=ADA, From=company.number) == (400, 21205)
    assert company.items == []

    assert await asks(company, "Messages", **right) == (201, None)
    assert await asks(company, "Calls", To=ADA, From=company.number, Twiml="<Response/>") == (201, None)
    assert [one.kind for one in company.items] == ["sms", "voice"]
    assert company.complaints == []
    await asks(company, "Messages", Boddy="x", **right)
    assert company.complaints == ["sms: no such fields: Boddy"]


async def test_its_callbacks_are_signed_and_a_text_can_be_answered_in_the_mailbox(
    company: TelephoneCompany, workspace: Workspace, bot: Provider
) -> None:
    company.really_at = lambda: bot.url
    bot.answers(200, b"<Response><Message>You &amp; me</Message></Response>")
    await asks(company, "Messages", To=ADA, From=company.number, Body="P1", StatusCallback=CALLBACK)

    (mail,) = workspace.mailbox.items
    assert (mail.kind, mail.to, mail.text) == ("sms", ADA, "P1")
    assert await workspace.mailbox.answer(mail.id, "Reply ACK") == "You & me"
    with pytest.raises(NotOnScreen):
        await workspace.mailbox.answer(mail.id, "Reply something else")

    assert await company.reports(company.items[0], "delivered") == 200
    reply, report = bot.received
    validator = RequestValidator(company.token)
    for request, url in ((reply, "https://tocsin.example.com/twilio/sms"), (report, CALLBACK)):
        assert validator.validate(url, _form(request.body), request.headers["X-Twilio-Signature"])
    assert _form(reply.body)["Body"] == "ACK"
    assert _form(report.body)["MessageStatus"] == "delivered"


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode()))

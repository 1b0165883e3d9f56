"""A world with telephones: a simulated Twilio beside the simulated Slack."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from xml.etree import ElementTree

from bot.clock import Clock
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.telephone import Item, TelephoneCompany
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PUBLIC = "https://tocsin.example.com"
ADA, BEN = "+447700900001", "+447700900002"


def by(*ways: str, then: str = "slack") -> str:
    """Ada is paged by these ways, and Ben in the next tier by `then`."""
    own = RUNBOOK.replace("who: [ada]", f"who: [ada], via: [{', '.join(ways)}]")
    return own.replace("who: [ben]", f"who: [ben], via: [{then}]")


@asynccontextmanager
async def telephones(
    new_world: NewWorld, runbook: str, *, public_url: str = PUBLIC, **environ: str
) -> AsyncIterator[tuple[World, TelephoneCompany]]:
    """Without a `public_url`, Twilio can't call back: no replies, keys or reports."""
    company = TelephoneCompany(Clock(), Mailbox(Clock(), Changes()))
    await company.start()
    try:
        async with new_world(runbook=runbook, PUBLIC_URL=public_url, **company.environ, **environ) as world:
            company.clock, company.mailbox = world.clock, world.workspace.mailbox
            company.really_at = lambda: f"http://127.0.0.1:{world.app.port}"
            yield world, company
            assert company.complaints == []
            assert [str(one) for one in world.workspace.complaints] == []
            assert world.workspace.audit() == []
    finally:
        await company.stop()


async def replied(world: World, company: TelephoneCompany, phone: str, text: str) -> str:
    """Reply by text from this number, and return the answer."""
    answer = await company.texted(phone, text, public_url=PUBLIC)
    await world.settled()
    return answer


async def reported(world: World, company: TelephoneCompany, item: Item, status: str, code: str = "") -> None:
    assert await company.reports(item, status, code=code) == 204
    await world.settled()


def heard(twiml: str) -> str:
    """The spoken words of a TwiML document, which must be well-formed XML."""
    return " ".join("".join(ElementTree.fromstring(twiml.encode()).itertext()).split())

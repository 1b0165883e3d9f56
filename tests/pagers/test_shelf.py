"""The shelf of pagers: every file on it is a way the runbook knows, and is found without being listed anywhere."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.paging.page import Page, Via
from bot.pagers import Parts, on_the_shelf, ways
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.settings import Settings, Smtp, Twilio
from bot.wire.http_client import http_client
from bot.wire.mail import Mail
from bot.wire.telephone import Telephone
from bot.wire.webhooks import Hooks
from tests.pagers.conftest import KeptDoubts

ACCOUNT = Twilio("AC1", SecretStr("token"), "+447700900999", "https://twilio.example.com")
SET_UP = {"PAGERDUTY_ROUTING_KEY": "R0UTINGKEY"}


class NoSlack:
    """Making a pager must not speak to anybody."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Any:
        raise AssertionError

    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Any:
        raise AssertionError

    async def open_direct(self, user: str) -> str:
        raise AssertionError


@pytest.fixture
async def parts(clock: Clock, runbook: Runbook, rendering: Rendering) -> AsyncIterator[Parts]:
    async def nothing(*_: object, **__: object) -> Any:
        raise AssertionError

    mail = Mail(Smtp.parse("smtp://mail.example.com"), "bell@example.com", clock)
    async with http_client() as session:
        yield Parts(
            clock=clock, runbook=runbook, rendering=rendering, messenger=NoSlack(), paint=nothing, account_of=nothing,
            known_account=dict[str, str]().get, acknowledge_link=no_link, open_alert=nothing, doubts=KeptDoubts(clock),
            mail=mail, session=session, settings=Settings.from_environment(SET_UP),
            hooks=Hooks(session, clock, nothing), telephone=Telephone(ACCOUNT, session, clock), has_stopped=nothing,
            belongs_elsewhere=nothing,
        )  # fmt: skip


async def no_link(page: Page) -> str | None:
    return None


@pytest.mark.parametrize("via", ways())
async def test_a_pager_stands_under_its_own_name_and_says_whom_it_can_reach(
    parts: Parts, runbook: Runbook, via: Via
) -> None:
    pager = on_the_shelf(parts)[via]

    assert pager.via == via
    contact = pager.contact(runbook.people["ada"])
    assert contact is None or isinstance(contact, str)


def test_slack_and_mail_are_on_the_shelf() -> None:
    assert {"slack", "email"} <= set(ways()) <= set(get_args(Via))


async def test_without_a_mail_server_there_is_no_pager_by_mail(parts: Parts) -> None:
    assert "email" in on_the_shelf(parts)
    assert "email" not in on_the_shelf(replace(parts, mail=None))


async def test_without_credentials_there_is_no_pager(parts: Parts) -> None:
    assert set(on_the_shelf(parts)) == set(ways())
    bare = replace(parts, mail=None, telephone=None, settings=Settings.from_environment({}))
    assert set(on_the_shelf(bare)) == {"slack", "webhook"}

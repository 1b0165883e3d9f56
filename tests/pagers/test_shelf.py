"""The shelf of pagers: every file on it is a way the runbook knows, and is found without being listed anywhere."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from bot.clock import Clock
from bot.domain.page import Page, Via
from bot.mail import Mail
from bot.pagers import Parts, on_the_shelf, ways
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.settings import Smtp


class NoSlack:
    """Making a pager must not speak to anybody."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Any:
        raise AssertionError

    async def find_posted(self, channel: str, key: str, *, oldest: float) -> Any:
        raise AssertionError

    async def open_direct(self, user: str) -> str:
        raise AssertionError


@pytest.fixture
def parts(clock: Clock, runbook: Runbook, rendering: Rendering) -> Parts:
    async def nothing(*_: object, **__: object) -> None:
        raise AssertionError

    mail = Mail(Smtp.parse("smtp://mail.example.com"), "bell@example.com", clock)
    return Parts(clock, runbook, rendering, NoSlack(), nothing, nothing, {}.get, no_link, mail)


async def no_link(page: Page) -> str | None:
    return None


@pytest.mark.parametrize("via", ways())
def test_a_pager_stands_under_its_own_name_and_says_whom_it_can_reach(parts: Parts, runbook: Runbook, via: Via) -> None:
    pager = on_the_shelf(parts)[via]

    assert pager.via == via
    contact = pager.contact(runbook.people["ada"])
    assert contact is None or isinstance(contact, str)


def test_slack_and_mail_are_on_the_shelf() -> None:
    assert {"slack", "email"} <= set(ways()) <= set(get_args(Via))


def test_without_a_mail_server_there_is_no_pager_by_mail(parts: Parts) -> None:
    assert "email" in on_the_shelf(parts)
    assert "email" not in on_the_shelf(replace(parts, mail=None))

"""The shelf of publishers: every file on it is an outlet the runbook knows, found without being listed anywhere."""

from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pytest

from bot.clock import Clock
from bot.domain.updates.update import Outlet, Update
from bot.publishers import PublisherParts, on_the_shelf, outlets
from bot.settings import Smtp
from bot.wire.mail import Mail


class NoSlack:
    """Making a publisher must not speak to anybody."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Any:
        raise AssertionError

    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Any:
        raise AssertionError


def unpainted(update: Update) -> Any:
    raise AssertionError


async def nowhere(name: str) -> str | None:
    raise AssertionError


@pytest.fixture
def parts() -> PublisherParts:
    clock = Clock()
    mail = Mail(Smtp.parse("smtp://mail.example.com"), "bell@example.com", clock)
    return PublisherParts(NoSlack(), unpainted, nowhere, mail)


@pytest.mark.parametrize("via", outlets())
def test_a_publisher_stands_under_its_own_name(parts: PublisherParts, via: Outlet) -> None:
    assert on_the_shelf(parts)[via].via == via


def test_slack_and_mail_are_on_the_shelf() -> None:
    assert {"slack", "email"} <= set(outlets()) <= set(get_args(Outlet))


def test_without_a_mail_server_nobody_is_told_by_mail(parts: PublisherParts) -> None:
    assert "email" in on_the_shelf(parts)
    assert "email" not in on_the_shelf(replace(parts, mail=None))

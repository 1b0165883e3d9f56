"""The shelf of pagers: every file on it is a way the runbook can name, found without being listed anywhere."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.paging.page import Page, Via
from bot.pagers import PagerParts, on_the_shelf, ways
from bot.rendering import Rendering
from bot.runbook import Runbook, RunbookMistakes, read
from bot.settings import Settings, Smtp, Twilio
from bot.wire.http_client import http_client
from bot.wire.mail import Mail
from bot.wire.telephone import Telephone
from bot.wire.webhooks import Hooks
from tests.pagers.conftest import KeptUnconfirmed

ACCOUNT = Twilio("AC1", SecretStr("token"), "+447700900999", "https://twilio.example.com")
ROOT = Path(__file__).parents[2]
SET_UP = {"PAGERDUTY_ROUTING_KEY": "R0UTINGKEY"}


class NoSlack:
    """A Slack that must not be called: creating a pager makes no requests."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Any:
        raise AssertionError

    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Any:
        raise AssertionError

    async def open_direct(self, user: str) -> str:
        raise AssertionError


@pytest.fixture
async def parts(clock: Clock, runbook: Runbook, rendering: Rendering) -> AsyncIterator[PagerParts]:
    async def nothing(*_: object, **__: object) -> Any:
        raise AssertionError

    mail = Mail(Smtp.parse("smtp://mail.example.com"), "bell@example.com", clock)
    async with http_client() as session:
        yield PagerParts(
            clock=clock, runbook=runbook, rendering=rendering, messenger=NoSlack(), paint=nothing, account_of=nothing,
            known_account=dict[str, str]().get, acknowledge_link=no_link, open_alert=nothing,
            unconfirmed=KeptUnconfirmed(clock),
            mail=mail, session=session, settings=Settings.from_environment(SET_UP),
            hooks=Hooks(session, clock, nothing), telephone=Telephone(ACCOUNT, session, clock), has_stopped=nothing,
            belongs_elsewhere=nothing,
        )  # fmt: skip


async def no_link(page: Page) -> str | None:
    return None


@pytest.mark.parametrize("via", ways())
async def test_a_pager_has_its_own_name_and_says_whom_it_can_reach(
    parts: PagerParts, runbook: Runbook, via: Via
) -> None:
    pager = on_the_shelf(parts)[via]

    assert pager.via == via
    contact = pager.contact(runbook.people["ada"])
    assert contact is None or isinstance(contact, str)


def test_slack_and_mail_are_on_the_shelf() -> None:
    assert {"slack", "email"} <= set(ways())


PIGEON = """
from bot.pagers import Way

WAY = Way("carrier pigeon", ("phone",), "no loft", "LOFT_KEY", lambda settings: False)


def pager(parts):
    return None
"""
WITH_PIGEONS = """
organisation: Example Tutors
people:
  ada: {name: Ada Obi, email: ada@example.com}
tiers:
  oncall: {name: On call, who: [ada], via: [pigeon]}
severities:
  - {id: P1, name: Critical, escalation: {steps: [{page: oncall, wait: 5m}]}}
"""


def test_adding_a_file_adds_a_way_the_runbook_can_name(tmp_path: Path) -> None:
    for folder in ("bot", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "fonts"))
    (tmp_path / "bot/pagers/pigeon.py").write_text(PIGEON)
    (tmp_path / "bot/pagers/_loft.py").write_text("")
    (tmp_path / "runbook.yml").write_text(WITH_PIGEONS)
    check = [sys.executable, "-m", "bot.cli", "check", "--simulate"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SLACK_BOT_TOKEN": "xoxb-1-1"}
    found = subprocess.run(check, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert found.stdout.count("Ada Obi by pigeon (no loft)") == 1, found.stderr
    assert "no page by pigeon; that needs LOFT_KEY" in found.stdout
    assert "add phone under people.ada" in found.stdout


def test_a_way_without_a_file_is_a_mistake_in_the_runbook() -> None:
    with pytest.raises(RunbookMistakes, match="“pigeon” is not known here: choose one of email, pagerduty, slack"):
        read(WITH_PIGEONS, {})


async def test_without_a_mail_server_there_is_no_mail_pager(parts: PagerParts) -> None:
    assert "email" in on_the_shelf(parts)
    assert "email" not in on_the_shelf(replace(parts, mail=None))


async def test_without_credentials_there_is_no_pager(parts: PagerParts) -> None:
    assert set(on_the_shelf(parts)) == set(ways())
    bare = replace(parts, mail=None, telephone=None, settings=Settings.from_environment({}))
    assert set(on_the_shelf(bare)) == {"slack", "webhook"}

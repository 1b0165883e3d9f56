"""A real runbook in the sandbox reaches nothing real."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

from bot.clock import Clock
from bot.runbook import Runbook, read
from bot.runbook.addresses import Dsn
from bot.runbook.places import HostPort
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.stand_ins import Places, bring_in, stand_in
from bot.sandbox.website import Website
from bot.sandbox.workspace import Workspace
from bot.sandbox_app import suggestions

PLACES = Places("http://127.0.0.1:4321", "postgresql://postgres@/orders?host=%2Ftmp%2Fx", "/tmp/sandbox")
REAL = """
organisation: Real Ltd
people:
  ada: {name: Ada Real, email: ada@real.example.com, slack: U0REAL, webhook: "https://real.example.com/page"}
  ben: {name: Ben Real}
tiers: {oncall: {who: [ada], via: [slack, webhook]}}
severities: [{id: P1, name: Critical}]
health:
  checks:
    website: {http: "https://real.example.com/", expect: 204, json: {status: ok}}
    orders: {postgresql: "postgresql://u:secret@db.real.example.com/orders"}
    content: {mongodb: "mongodb://u:secret@mongo.real.example.com/tinacms"}
    cert: {tls: "real.example.com:443"}
    cache: {tcp: "redis.real.example.com:6379"}
    disk: {disk: /var/backups}
backups:
  orders:
    postgresql: "postgresql://u:secret@db.real.example.com/orders"
    database: payments
    drill_on: "postgresql://u:secret@spare.real.example.com/"
    to: "s3://real-bucket/x"
    invariants: {"SELECT 1": "1"}
  content: {mongodb: "mongodb://u:secret@mongo.real.example.com/tinacms", to: /var/backups/mongodb}
alerts: {webhook: "https://real.example.com/hook"}
audiences:
  machines: {webhook: "https://real.example.com/updates"}
  everybody: {page: {to: "s3://real-bucket/status"}}
  customers: {statuspage: {page: abc123}}
"""


def addresses(value: Any) -> Iterator[str]:
    """Every URL and address anywhere in the runbook."""
    if isinstance(value, Dsn):
        yield value.reveal()
    elif isinstance(value, HostPort):
        yield str(value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from addresses(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from addresses(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from addresses(inner)


@pytest.fixture
def here() -> Runbook:
    return stand_in(read(REAL, {}), PLACES)[0]


def test_no_real_address_of_the_runbook_is_left(here: Runbook) -> None:
    found = list(addresses(here))
    assert found
    assert [one for one in found if "real.example.com" in one] == []


def test_backups_go_only_to_the_sandbox(here: Runbook) -> None:
    assert {key: (backup.to, backup.database) for key, backup in here.backups.items()} == {"orders": (None, "orders")}


def test_a_status_page_is_written_to_the_sandboxs_own_folder(here: Runbook) -> None:
    page = here.audiences["everybody"].page
    assert page is not None
    assert page.to is not None
    assert page.to.startswith(f"{PLACES.folder}/")


def test_a_disk_is_the_sandboxs_own(here: Runbook) -> None:
    assert here.health.checks["disk"].target == PLACES.folder


def test_each_replacement_is_named_and_shows_no_secret() -> None:
    replaced = stand_in(read(REAL, {}), PLACES)[1]
    assert {one.what for one in replaced} == {
        "people.ada.webhook", "health.checks.website", "health.checks.orders", "health.checks.content",
        "health.checks.cert", "health.checks.cache", "health.checks.disk", "alerts.webhook",
        "audiences.machines.webhook", "audiences.everybody.page.to", "audiences.customers.statuspage",
        "backups.orders", "backups.orders.to", "backups.orders.drill_on", "backups.content",
    }  # fmt: skip
    assert not any("secret" in f"{one.was}{one.now}" for one in replaced)


def test_the_runbooks_people_exist_and_can_be_paged(here: Runbook, workspace: Workspace) -> None:
    bring_in(workspace, here)
    (ada,) = workspace.users_by_email("ada@real.example.com")
    assert ada.real_name == "Ada Real"
    assert all(ada.id in channel.members for channel in workspace.conversations if channel.kind == "public")
    assert here.people["ada"].slack is None


async def test_webhooks_arrive_in_the_mailbox_and_checks_are_answered_as_they_expect() -> None:
    mailbox = Mailbox(Clock(), Changes())
    async with Website(mailbox).serving() as website, aiohttp.ClientSession() as session:
        runbook = stand_in(read(REAL, {}), Places(website.url, PLACES.database, PLACES.folder))[0]
        hook, check = runbook.people["ada"].webhook, runbook.health.checks["website"].target
        assert isinstance(hook, Dsn) and isinstance(check, Dsn)
        async with session.post(hook.reveal(), data=b'{"title": "P1"}') as answer:
            assert answer.status == 204
        async with session.get(check.reveal()) as answer:
            assert answer.status == 204
    assert [(mail.kind, mail.to, mail.text) for mail in mailbox.items] == [
        ("webhook", "people.ada.webhook", '{"title": "P1"}')
    ]


def test_suggestions_exist_in_the_runbook_and_use_its_names() -> None:
    small = read(
        "organisation: Example\npeople: {ada: {name: Ada Obi, email: ada@example.com}}\ntiers: {oncall: {who: [ada]}}\n"
        "severities: [{id: S1, name: High, escalation: {steps: [{page: oncall}]}}]\n"
        "slash_commands: {incident: /emergency}\n",
        {},
    )
    assert [one.command for one in suggestions(small)] == ["/emergency declare S1 Payments failing", "/escalate status"]

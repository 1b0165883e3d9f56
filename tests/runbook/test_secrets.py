"""URLs contain passwords, which are never printed."""

import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from bot.runbook.addresses import Dsn, HttpUrl, MongodbUrl, PostgresqlUrl, Webhook
from tests.runbook.samples import mistakes_in, runbook_with, text_with


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            PostgresqlUrl("postgresql://bot:hunter2@db.example.com:5432/app?sslmode=require"),
            "postgresql://db.example.com:5432/app",
        ),
        (PostgresqlUrl("postgresql://bot:a@hunter2@db.example.com/app"), "postgresql://db.example.com/app"),
        (
            MongodbUrl("mongodb://bot:hunter2@a.example.com:1,b.example.com:2/app?x=y"),
            "mongodb://a.example.com:1,b.example.com:2/app",
        ),
        (HttpUrl("https://ada:hunter2@example.com/health?key=hunter2#hunter2"), "https://example.com/health"),
        (Webhook("https://hooks.example.com/T0/B0/hunter2"), "https://hooks.example.com/…"),
        (HttpUrl("https://example.com"), "https://example.com"),
        (HttpUrl("https://example.com/@ada"), "https://example.com/@ada"),
    ],
)
def test_a_url_is_shown_without_its_secrets(address: Dsn, shown: str) -> None:
    assert address.shown == str(address) == f"{address}" == shown
    assert "hunter2" not in repr(address)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (PostgresqlUrl, "postgresql://bot:hunt/er2@db.example.com/app"),
        (PostgresqlUrl, "postgresql://bot:hunt?er2@db.example.com/app"),
        (MongodbUrl, "mongodb://bot:hunt#er2@db.example.com/app"),
        (PostgresqlUrl, "postgresql://bot:hunter2"),
        (HttpUrl, "https://ada:hunt/er2@example.com/"),
        (HttpUrl, "https://ada:hunter2"),
        (HttpUrl, "https:///path"),
        (HttpUrl, "https://exa mple.com"),
        (MongodbUrl, "mongodb:///app"),
    ],
)
def test_a_url_that_would_reveal_its_password_or_has_no_host_is_refused(kind: type[Dsn], address: str) -> None:
    assert not kind.accepts(address)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (PostgresqlUrl, "postgresql://a.example.com:5432,b.example.com/app"),
        (PostgresqlUrl, "postgresql://bot@/app?host=/run/postgresql"),
        (PostgresqlUrl, "postgresql://%2Frun%2Fpostgresql/app"),
        (PostgresqlUrl, "postgresql://[::1]:5432/app"),
        (MongodbUrl, "mongodb+srv://bot:hunter2@db.example.com/app"),
        (HttpUrl, "http://127.0.0.1:8080/health"),
    ],
)
def test_every_usual_url_is_accepted(kind: type[Dsn], address: str) -> None:
    assert kind.accepts(address)


def test_the_whole_url_is_only_revealed_explicitly() -> None:
    address = "postgresql://bot:hunter2@db.example.com/app"
    assert PostgresqlUrl(address).reveal() == address


@pytest.mark.parametrize(
    ("address", "database"),
    [("postgresql://h/orders", "orders"), ("postgresql://h/two%20words?x=y", "two words"), ("postgresql://h", "")],
)
def test_the_database_name_is_the_urls_path(address: str, database: str) -> None:
    assert PostgresqlUrl(address).database == database


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("postgresql://bot:p%40ss@h/d", {"postgresql://bot:p%40ss@h/d", "p%40ss", "p@ss"}),
        (
            "postgresql://postgres:postgres@h/d",
            {"postgresql://postgres:postgres@h/d"},
        ),  # a password equal to the user name isn't redacted by itself
        ("postgresql://h/d", set()),
    ],
)
def test_the_log_knows_what_to_hide(address: str, secrets: set[str]) -> None:
    assert set(PostgresqlUrl(address).redactions()) == secrets


def secret_runbook() -> Any:
    return runbook_with(
        "people: {ada: {webhook: 'https://example.com/hunter2'}, ben: {}}",
        "health: {checks: {c: {postgresql: 'postgresql://bot:hunter2@h/d'}, d: {tcp: 'a:1'}}}",
        "backups: {b: {mongodb: 'mongodb://bot:hunter2@h/d'}}",
        "alerts: {webhook: 'https://example.com/hunter2'}",
    )


def test_a_runbook_prints_and_dumps_no_secret() -> None:
    runbook: BaseModel = secret_runbook()
    assert "hunter2" not in f"{runbook!r} {runbook} {runbook.model_dump(mode='json')} {runbook.model_dump_json()}"


def test_a_runbook_lists_all_its_secrets() -> None:
    assert set(secret_runbook().redactions()) == {
        "https://example.com/hunter2",
        "postgresql://bot:hunter2@h/d",
        "mongodb://bot:hunter2@h/d",
        "hunter2",
    }


def test_a_runbook_with_its_secrets_can_be_pickled() -> None:
    runbook = secret_runbook()
    assert pickle.loads(pickle.dumps(runbook)) == runbook


def test_an_invalid_url_is_not_quoted_because_it_may_be_a_password() -> None:
    found = mistakes_in(text_with("backups: {b: {postgresql: 'mysql://bot:hunter2@h/d'}}"))
    assert "hunter2" not in str(found)

"""A database with something to back up."""

from collections.abc import Iterator

import pytest

from bot.runbook.backups import PostgresqlBackup
from tests.guarded import Guarded, guarded_postgres


@pytest.fixture(scope="session")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


def a_backup(address: str, **facts: str) -> PostgresqlBackup:
    return PostgresqlBackup.model_validate({"key": "orders", "postgresql": address, **facts})

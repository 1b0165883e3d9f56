"""A PostgreSQL that requires a password, like a team's own database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from tests.postgres import shared_postgres

USER, PASSWORD = "keeper", "s3cr3t-p/w"


@dataclass(frozen=True)
class Guarded:
    """`entrance` is the administrator's address."""

    entrance: str

    def database(self, name: str = "orders", *, rows: int = 100) -> str:
        """Create a database of this name with a table of orders; returns its address with the password."""
        with psycopg.connect(self.entrance, autocommit=True) as conn:
            conn.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
            conn.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(USER)))
        address = self.address(name)
        with psycopg.connect(address) as conn:
            conn.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
            conn.execute("INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, %s) AS n", [rows])
        return address

    def address(self, name: str, *, user: str = USER, password: str = PASSWORD) -> str:
        place = conninfo_to_dict(self.entrance)
        account = f"{quote(user, safe='')}:{quote(password, safe='')}"
        where = f"host={quote(str(place['host']), safe='')}&port={place['port']}"
        return f"postgresql://{account}@/{quote(name, safe='')}?{where}"

    @property
    def host(self) -> str:
        return str(conninfo_to_dict(self.entrance)["host"])

    def ask(self, question: str, address: str = "") -> Any:
        """The first column of the first row."""
        with psycopg.connect(address or self.entrance, autocommit=True) as conn:
            row = conn.execute(question.encode()).fetchone()
        return row[0] if row else None

    def tell(self, statement: str, address: str = "") -> None:
        with psycopg.connect(address or self.entrance, autocommit=True) as conn:
            conn.execute(statement.encode())


@contextmanager
def guarded_postgres() -> Iterator[Guarded]:
    with shared_postgres(f"guarded-{uuid4().hex[:8]}") as server:
        with psycopg.connect(server.url, autocommit=True) as conn:
            create = SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(USER), Literal(PASSWORD))
            conn.execute(create)
            row = conn.execute("SHOW hba_file").fetchone()
            assert row
            Path(row[0]).write_text("local all postgres trust\nlocal all all scram-sha-256\n")
            conn.execute("SELECT pg_reload_conf()")
        yield Guarded(server.url)

"""MongoDB for tests: its own tools, and FerretDB, a server that speaks its protocol and stores documents in PostgreSQL.

Both are built once per machine by `.ci/mongodb-tools`, which `.ci/run` calls; without them, tests that need them are
skipped, or fail if CI is set. FerretDB lacks change streams, `top`, replica sets, and indexes restored by mongorestore.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin-tools" / "mongodb"
HOW = "run .ci/mongodb-tools, which needs Go 1.22 or newer"


@contextmanager
def mongodb_on(postgresql: str) -> Iterator[str]:
    """Its address without a database, while the block runs. `postgresql`: an empty database for it alone."""
    environ = {"PATH": os.defpath, "FERRETDB_POSTGRESQL_URL": _as_url(postgresql)}
    server = subprocess.Popen(
        [_built("ferretdb")], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin and server.stdout
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("mongodb://"), f"it ended with {server.wait()}"
        yield address
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def mongodb_tools() -> Path:
    """The folder with MongoDB's own mongodump, mongorestore and bsondump."""
    return _built("mongodump").parent


def _built(name: str) -> Path:
    program = BUILT / name
    if not program.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not here: {HOW}")
    return program


def _as_url(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    where = f"host={quote(str(parts['host']), safe='')}&port={parts.get('port', 5432)}"
    return f"postgres://{parts['user']}@/{parts['dbname']}?{where}"

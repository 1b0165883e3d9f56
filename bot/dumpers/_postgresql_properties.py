"""The properties of a PostgreSQL database that a dump doesn't contain, so they are recorded separately.

Owner, tablespace, privileges, connection limit, comment, and settings, including those of single roles.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, errors
from psycopg.sql import Identifier
from psycopg.types.json import Jsonb

from bot.domain.errors import Rejected
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# Applied to our own session, these would change our identity before we have finished.
WHO_WE_ARE = ("role", "session_authorization")

# As PostgreSQL writes them. A manifest may have been edited, and must not smuggle in other statements.
_VALUE = r"(?:E?'(?:[^'\\]|''|\\\\)*'|icu|builtin|libc)"
_NAME = "ENCODING|LC_COLLATE|LC_CTYPE|LOCALE_PROVIDER|ICU_LOCALE|ICU_RULES|BUILTIN_LOCALE"
OPTIONS = re.compile(rf"(?:(?:{_NAME}) +{_VALUE} *)*")

Properties = Mapping[str, Any]


async def properties_of(conn: AsyncConnection, database: str) -> Properties | None:
    """In the manifest's form; None if there is no such database. `conn` may be connected to any database of its
    server."""
    row = await (await conn.execute(SQL("properties"), {"name": database})).fetchone()
    return row[0] if row else None


async def create(conn: AsyncConnection, database: str, properties: Properties) -> None:
    """Create a database with these properties, owned by that owner from the start: the owner decides who may do what
    during the restore.

    Raises Rejected, with what to grant.
    """
    parts = [SQL("create", database=database).as_bytes().rstrip(b";")]
    if options := properties.get("options"):
        if not OPTIONS.fullmatch(options):
            raise Rejected("its manifest was edited: what it says of the database's encoding and locale is none")
        parts.append(options.encode())
    if owner := properties.get("owner"):
        parts.append(SQL("owned_by", owner=owner).as_bytes())
    if (tablespace := properties.get("tablespace")) and await _may_use(conn, tablespace):
        parts.append(SQL("kept_in", tablespace=tablespace).as_bytes())
    try:
        await conn.execute(b" ".join(parts))
    except errors.UndefinedObject as error:
        typed = Identifier(str(owner)).as_string(conn)
        raise Rejected(f"its owner {owner} is no role of this server: CREATE ROLE {typed}") from error
    except errors.InsufficientPrivilege as error:
        raise Rejected(f"a database for its owner {owner} cannot be made: {error.diag.message_primary}") from error
    await _make_quiet(conn, database, properties)


async def _make_quiet(conn: AsyncConnection, database: str, properties: Properties) -> None:
    """Keep event triggers from firing during the restore, and set the search_path that queries about it expect."""
    for (statement,) in await (await conn.execute(SQL("quieten"), {"database": database})).fetchall():
        await conn.execute(statement.encode())
    for role, setting in properties.get("settings") or ():
        name, _, value = setting.partition("=")
        if name == "search_path":
            await _set(conn, database, role, name, value)


async def dress(conn: AsyncConnection, database: str, properties: Properties) -> Sequence[str]:
    """Set the remaining properties; it has its tablespace already, and its owner unless that has changed. Returns what
    couldn't be restored, in words, without any values.

    Access is never widened: if the privileges can't be restricted, an error is raised.
    """
    await conn.execute(SQL("wake", database=database))
    if properties.get("rights") is not None:
        await conn.execute(SQL("close_to_all", database=database))
    found = [await _tablespace_missed(conn, properties.get("tablespace"))]
    for words, statement in await _statements(conn, database, properties):
        found.append(await _said(conn, words, statement))
    for role, setting in properties.get("settings") or ():
        name, _, value = setting.partition("=")
        found.append(await _set(conn, database, role, name, value))
    found += [
        f"the subscription {name} (the restored database receives nothing: create it again; where the previous one is "
        "kept, it is disabled there)"
        for name in properties.get("subscriptions") or ()
    ]
    found += [
        f"the replication slot {name} (create it again for what reads from it; where the previous database is kept, "
        "drop it there, or the server keeps its log for it until the disk is full)"
        for name in properties.get("slots") or ()
    ]
    if properties.get("is_template"):
        # Not set: a template couldn't be dropped if the next step failed.
        found.append("that it is a template")
    return [lost for lost in found if lost]


async def _statements(conn: AsyncConnection, database: str, properties: Properties) -> list[tuple[str, str]]:
    """What each is about, and its statement, written and quoted by PostgreSQL itself."""
    values = {
        "database": database,
        "rights": Jsonb(properties.get("rights") or []),
        "limit": properties.get("limit"),
        "comment": properties.get("comment"),
        "owner": properties.get("owner"),
    }
    return list(await (await conn.execute(SQL("statements"), values)).fetchall())


async def _said(conn: AsyncConnection, words: str, statement: str) -> str:
    try:
        await conn.execute(statement.encode())
    except (errors.InsufficientPrivilege, errors.UndefinedObject) as error:
        return f"{words} ({error.diag.message_primary})"
    return ""


async def _set(conn: AsyncConnection, database: str, role: str | None, name: str, value: str) -> str:
    """Set a setting through our session, because only PostgreSQL knows which settings are lists and how to write
    those."""
    things = {"database": database, "name": name} | ({"role": role} if role else {})
    kept = "keep_for_role" if role else "keep"
    words = f"the setting {name}{f' of the role {role}' if role else ''}"
    try:
        async with conn.transaction():
            if name in WHO_WE_ARE:
                await conn.execute(SQL(f"{kept}_as", value=value, **things))
            else:
                await conn.execute(SQL("set_here"), {"name": name, "value": value})
                await conn.execute(SQL(kept, **things))
    except (errors.InsufficientPrivilege, errors.UndefinedObject) as error:
        return f"{words} ({error.diag.message_primary})"
    except (errors.InvalidParameterValue, errors.CantChangeRuntimeParam):
        # The server's message would quote the value, which may be secret.
        return f"{words} (this server does not take its value)"
    return ""


async def _may_use(conn: AsyncConnection, tablespace: str) -> bool:
    row = await (await conn.execute(SQL("may_use"), {"tablespace": tablespace})).fetchone()
    return row is not None and bool(row[0])


async def _tablespace_missed(conn: AsyncConnection, tablespace: str | None) -> str:
    if tablespace is None or await _may_use(conn, tablespace):
        return ""
    return f"the tablespace {tablespace} (it is not there, or this account may not use it: the default is used)"

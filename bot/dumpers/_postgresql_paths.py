"""Finds functions that would fail in a restore: pg_restore's search_path is empty, so they can't find what they
name."""

from collections.abc import Sequence

from psycopg import AsyncConnection, Error, errors

from bot.dumpers._statements import Statements

SQL = Statements(__file__)

NOT_FOUND = (errors.UndefinedFunction, errors.UndefinedTable, errors.UndefinedObject, errors.InvalidSchemaName)


async def pathless_in(conn: AsyncConnection) -> Sequence[str]:
    """Those of them that are called while tables are filled, with what to do, in sentences. `conn` has an empty
    search_path.

    Only SQL functions can be checked by the server; others fail only when they are called.
    """
    await conn.execute(SQL("look_into_bodies"))
    sentences = []
    for number, function, caller in await (await conn.execute(SQL("called_while_filling"))).fetchall():
        if missed := await _missed_by(conn, number):
            sentences.append(
                f"{caller} calls {function}, and for a restore, which has no search_path, {missed}: "
                f"ALTER FUNCTION {function} SET search_path FROM CURRENT, in a session that finds it"
            )
    return sentences


async def _missed_by(conn: AsyncConnection, number: int) -> str:
    """PostgreSQL's own message; '' if nothing is missing, or if this account may not check."""
    try:
        await conn.execute(SQL("validate"), {"number": number})
    except NOT_FOUND as error:
        return error.diag.message_primary or str(error)
    except Error:
        return ""
    return ""

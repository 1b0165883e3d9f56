"""What a database error means: is it the environment's fault, and may anything have been committed?"""

import re

import psycopg

from bot.domain.errors import Failed, Unanswered, Unreachable

# SQLSTATEs (PostgreSQL, appendix A) that are not the fault of our statements although the driver doesn't count them as
# operational errors; with a text for people where the server's own says too little.
READ_ONLY = "25006"
DISK_FULL = "53100"
NO_MORE_CONNECTIONS = "53300"
STARTING = "57P03"
DEADLOCK = "40P01"
NO_LOCK = "55P03"
# Of a pooler in transaction mode, which gives each transaction whichever session is free.
POOLED = "a pooler in transaction mode stands before the database"
# Of a pooler that accepts everybody but gives up on those that wait for a session.
NO_SESSION = "the pooler before the database gives no session"
WAITED_TOO_LONG = "query_wait_timeout"
OF_THE_WORLD = {
    READ_ONLY: "the database is read-only",
    # A process frozen in the middle of a transaction finds that the server has ended it.
    "25P03": "the transaction was ended while this process stood still",
    "25P04": "the transaction took too long",
    "42501": "the account of the database has lost its rights",
    "3D000": "the database is not there",
    DISK_FULL: "the disk of the database is full",
    NO_MORE_CONNECTIONS: "the database takes no more connections",
    "57P01": "the database was shut down",
    "57P02": "the database crashed",
    STARTING: "the database is starting",
    # A prepared statement is missing, or belongs to somebody else: we have lost our session.
    "26000": POOLED,
    "42P05": POOLED,
    # Somebody else's prepared statement, with other parameter types.
    "22P03": POOLED,
}
# The same error, under an SQLSTATE that poolers use for all kinds of trouble of their own.
OF_ANOTHER = ("bind message supplies", "insufficient data left in message")
INTERNAL = "XX"
# When a server or pooler refuses a connection, the driver gives no SQLSTATE.
LETS_NOBODY_IN = "FATAL:"
ALL_ARE_TAKEN = ("too many clients", "too many connections", "connection slots are reserved", "no more connections")
# A newer version has altered a table since this connection prepared its statement.
PLAN_IS_OLD = "cached plan must not change result type"
# The server, or the connection to it, was lost in that moment; it may have committed before.
GOES_AWAY = ("08", "57P", "40003", INTERNAL)
# How the sentences above refer to it.
DATABASE = re.compile(r"\b(?:the )?database\b")


class OfOurs(Failed):
    """The failure is of our own database, not of one that is watched or backed up."""


class Away(OfOurs, Unreachable):
    """Nothing was committed."""


class NotAnswered(OfOurs, Unanswered):
    """Whether it has committed is unknown."""


class LineLost(Away):
    """The connection was lost before anything was committed: another connection may work."""


class Pooled(Away):
    """A pooler in transaction mode is in between: nothing may be started."""


class Deadlocked(Away):
    """The server rolled the whole transaction back to resolve a deadlock: retry at once."""


class Blocked(Away):
    """The whole transaction was rolled back rather than wait any longer for a lock."""


def is_of_the_world(error: psycopg.Error) -> bool:
    """Is it the environment's fault? False: it is a bug of ours, which a retry repeats."""
    state = error.sqlstate or ""
    known = state in OF_THE_WORLD or state.startswith(INTERNAL) or PLAN_IS_OLD in str(error)
    return known or isinstance(error, psycopg.OperationalError)


def failure(error: psycopg.Error, *, at_commit: bool = False) -> Failed:
    """The error for the caller. `at_commit`: the COMMIT, or an autocommitted statement, had been sent."""
    if reason(error) == POOLED:
        # The server refused the statement, even if it was the COMMIT: nothing was done.
        return Pooled(POOLED)
    if error.sqlstate == DEADLOCK:
        return Deadlocked(reason(error))
    if error.sqlstate == NO_LOCK:
        return Blocked(reason(error))
    lost = _is_lost(error)
    if lost and at_commit:
        return NotAnswered(f"the commit was not answered: {reason(error)}")
    return LineLost(reason(error)) if lost else Away(reason(error))


def spoils_the_line(error: psycopg.Error) -> bool:
    """Drop the connection? A new one may reach a writable server, or has no outdated plan."""
    return error.sqlstate == READ_ONLY or reason(error) == POOLED or PLAN_IS_OLD in str(error)


def reason(error: psycopg.Error) -> str:
    """Our text for it, or the first line of what the server or driver said; neither contains a password."""
    if known := OF_THE_WORLD.get(error.sqlstate or ""):
        return known
    words = str(error).strip()
    if WAITED_TOO_LONG in words:
        return NO_SESSION
    if any(said in words for said in OF_ANOTHER):
        return POOLED
    return f"database: {words.splitlines()[0] if words else type(error).__name__}"


def refusal(error: psycopg.Error) -> str | None:
    """What the server said when it refused the connection; None when it said nothing."""
    _, mark, words = str(error).partition(LETS_NOBODY_IN)
    if not mark:
        return None
    if any(taken in words for taken in ALL_ARE_TAKEN):
        return OF_THE_WORLD[NO_MORE_CONNECTIONS]
    if "is starting up" in words:
        return OF_THE_WORLD[STARTING]
    return f"the database lets nobody in: {words.strip().splitlines()[0]}" if words.strip() else None


def plain_reason(error: Failed) -> str | None:
    """The reason for people, where it says more than "no answer"; else None."""
    said = str(error)
    return said.replace("the database", "my database", 1) if said in {*OF_THE_WORLD.values(), NO_SESSION} else None


def whose_it_is(error: Failed) -> str:
    """The reason for people to whom "the database" would be another one: says so when it is ours."""
    said = str(error)
    if not isinstance(error, OfOurs):
        return said
    named = DATABASE.sub("my database", said, count=1)
    return named if named != said else f"my database: {said}"


def _is_lost(error: psycopg.Error) -> bool:
    return error.sqlstate is None or error.sqlstate.startswith(GOES_AWAY)

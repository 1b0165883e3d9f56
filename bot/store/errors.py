"""What an error of the database means: is it the world's fault, and may anything have been committed?"""

import re

import psycopg

from bot.domain.errors import Failed, Unanswered, Unreachable

# SQLSTATE, from PostgreSQL's appendix A, of what no statement of ours is to blame for although the driver does not call
# it operational; with what a person is told where the server's own words say too little.
READ_ONLY = "25006"
DISK_FULL = "53100"
NO_MORE_CONNECTIONS = "53300"
STARTING = "57P03"
DEADLOCK = "40P01"
# Of a pooler that gives each transaction whichever session is free.
POOLED = "a pooler in transaction mode stands before the database"
# Of one that lets everybody in, and has nobody wait for long.
NO_SESSION = "the pooler before the database gives no session"
WAITED_TOO_LONG = "query_wait_timeout"
OF_THE_WORLD = {
    READ_ONLY: "the database is read-only",
    # A process that was frozen in the middle of a transaction finds that the server has ended it.
    "25P03": "the transaction was ended while this process stood still",
    "42501": "the account of the database has lost its rights",
    "3D000": "the database is not there",
    DISK_FULL: "the disk of the database is full",
    NO_MORE_CONNECTIONS: "the database takes no more connections",
    "57P01": "the database was shut down",
    "57P02": "the database crashed",
    STARTING: "the database is starting",
    # A prepared statement that is gone, or another's: what belongs to a session is lost with it.
    "26000": POOLED,
    "42P05": POOLED,
    # Another's, which takes its parameters in another form.
    "22P03": POOLED,
}
# The same, under an SQLSTATE that poolers use for all kinds of trouble of their own.
OF_ANOTHER = ("bind message supplies", "insufficient data left in message")
INTERNAL = "XX"
# Whom a server, or a pooler, does not let in, is given no SQLSTATE by the driver.
LETS_NOBODY_IN = "FATAL:"
ALL_ARE_TAKEN = ("too many clients", "too many connections", "connection slots are reserved", "no more connections")
# A newer version has changed a table since this connection prepared its statement.
PLAN_IS_OLD = "cached plan must not change result type"
# The server, or the line to it, went away at that moment: it may have committed first.
GOES_AWAY = ("08", "57P", "40003", INTERNAL)
# As the sentences above name it.
DATABASE = re.compile(r"\b(?:the )?database\b")


class OfOurs(Failed):
    """Our own database is the reason, and not one that is watched or backed up."""


class Away(OfOurs, Unreachable):
    """It has done nothing."""


class NotAnswered(OfOurs, Unanswered):
    """Nobody knows whether it has committed."""


class LineLost(Away):
    """The connection ended before anything was committed: another one may be good."""


class Pooled(Away):
    """A pooler gives each transaction whichever session is free: nothing may be begun."""


class Deadlocked(Away):
    """The server has undone the whole transaction for the sake of another one: it may be tried again at once."""


def is_of_the_world(error: psycopg.Error) -> bool:
    """False: a mistake of ours, which another attempt repeats."""
    state = error.sqlstate or ""
    known = state in OF_THE_WORLD or state.startswith(INTERNAL) or PLAN_IS_OLD in str(error)
    return known or isinstance(error, psycopg.OperationalError)


def failure(error: psycopg.Error, *, at_commit: bool = False) -> Failed:
    """What it is to whoever asked. `at_commit`: the COMMIT, or a statement that is a transaction, was on its way."""
    if reason(error) == POOLED:
        # The server has refused the statement, the COMMIT too: nothing was done.
        return Pooled(POOLED)
    if error.sqlstate == DEADLOCK:
        return Deadlocked(reason(error))
    lost = _is_lost(error)
    if lost and at_commit:
        return NotAnswered(f"the commit was not answered: {reason(error)}")
    return LineLost(reason(error)) if lost else Away(reason(error))


def spoils_the_line(error: psycopg.Error) -> bool:
    """A new connection may lead to a server that can be written to, or know nothing of an old plan."""
    return error.sqlstate == READ_ONLY or reason(error) == POOLED or PLAN_IS_OLD in str(error)


def reason(error: psycopg.Error) -> str:
    """Ours, or the first line of what the server or driver said; neither holds a password."""
    if known := OF_THE_WORLD.get(error.sqlstate or ""):
        return known
    words = str(error).strip()
    if WAITED_TOO_LONG in words:
        return NO_SESSION
    if any(said in words for said in OF_ANOTHER):
        return POOLED
    return f"database: {words.splitlines()[0] if words else type(error).__name__}"


def refusal(error: psycopg.Error) -> str | None:
    """What the server said to whom it did not let in; None when nobody said anything."""
    _, mark, words = str(error).partition(LETS_NOBODY_IN)
    if not mark:
        return None
    if any(taken in words for taken in ALL_ARE_TAKEN):
        return OF_THE_WORLD[NO_MORE_CONNECTIONS]
    if "is starting up" in words:
        return OF_THE_WORLD[STARTING]
    return f"the database lets nobody in: {words.strip().splitlines()[0]}" if words.strip() else None


def plain_reason(error: Failed) -> str | None:
    """The same for people, where it is more than that nobody answers."""
    said = str(error)
    return said.replace("the database", "my database", 1) if said in {*OF_THE_WORLD.values(), NO_SESSION} else None


def whose_it_is(error: Failed) -> str:
    """The same for people to whom "the database" is another one: of ours it says so."""
    said = str(error)
    if not isinstance(error, OfOurs):
        return said
    named = DATABASE.sub("my database", said, count=1)
    return named if named != said else f"my database: {said}"


def _is_lost(error: psycopg.Error) -> bool:
    return error.sqlstate is None or error.sqlstate.startswith(GOES_AWAY)

"""Checks a MongoDB: does it answer, how fast, has it free connections, and how is its replica set?"""

from collections.abc import Mapping
from typing import Any

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.read_preferences import ReadPreference

from bot.domain.backups.backup import size_shown
from bot.domain.checks.check import ProbeResult, no_answer, paced, uncrowded, worsened
from bot.domain.saying import fit_to_show
from bot.probes._look import NonsenseError, Stopwatch, reason_in, reason_of, within
from bot.runbook.health import MongodbCheck
from bot.wire.certificates import without_code

KIND = "mongodb"
MEASURES = "ms until the answer to a ping"

Client = AsyncMongoClient[dict[str, Any]]
# The driver gives up before the check's own time-out, so that we learn the reason.
SHARE_OF_TIMEOUT = 0.9
AUTHENTICATION_FAILED = 18
# Healthy states of a replica set member: primary, secondary, arbiter.
WELL = (1, 2, 7)


async def probe(check: MongodbCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        client = _client(check)
    except (PyMongoError, ValueError) as error:
        return no_answer(_said(error, check), watch.elapsed)
    try:
        return await _look(client, check, watch)
    except ServerSelectionTimeoutError:
        return no_answer(_unreachable(client, check), watch.elapsed)
    except OperationFailure as error:
        return no_answer(_refusal(error, check), watch.elapsed)
    except PyMongoError as error:
        return no_answer(_said(error, check), watch.elapsed)
    except NonsenseError:
        return no_answer("it answers what no MongoDB would", watch.elapsed)
    except OSError as error:
        return no_answer(reason_of(error), watch.elapsed)
    finally:
        await client.close()


def expects(check: MongodbCheck) -> str:
    parts = [
        f"answers {within(check.slow)}".strip(),
        f"connections below {check.connections_below:g}%" if check.connections_below else "",
    ]
    return ", ".join(part for part in parts if part)


def _client(check: MongodbCheck) -> Client:
    timeout_ms = int(check.timeout.total_seconds() * 1000 * SHARE_OF_TIMEOUT)
    return AsyncMongoClient(
        check.target.reveal(), appname="tocsin health", maxPoolSize=1,
        serverSelectionTimeoutMS=timeout_ms, connectTimeoutMS=timeout_ms,
    )  # fmt: skip


async def _look(client: Client, check: MongodbCheck, watch: Stopwatch) -> ProbeResult:
    """The latency is that of a ping on an open connection. Raises PyMongoError, NonsenseError."""
    # A replica set without a primary still answers, through a secondary.
    admin = client.get_database("admin", read_preference=ReadPreference.PRIMARY_PREFERRED)
    hello = await _told(admin, "hello")
    ping = Stopwatch()
    await _told(admin, "ping")
    finding = ProbeResult("healthy", "", ping.elapsed)
    status = await _asked(admin, "serverStatus")
    members = _members(await _asked(admin, "replSetGetStatus")) if "setName" in hello else []
    storage = await _asked(client.get_database(check.target.database.partition("/")[0] or "admin"), "dbStats")
    facts = [_connections(status), _role(hello), _size(storage)]
    finding = ProbeResult("healthy", ", ".join(fact for fact in facts if fact) or "answers", ping.elapsed)
    if "setName" in hello and not hello.get("primary"):
        finding = worsened(finding, f"the replica set {hello['setName']} has no primary", "down")
    if ill := [member for member in members if member.get("state") not in WELL]:
        finding = worsened(finding, f"{len(ill)} of {len(members)} members of the replica set are not well")
    finding = paced(finding, check.slow)
    if connections := _used_and_most(status):
        finding = uncrowded(finding, *connections, check.connections_below)
    return finding


async def _asked(database: Any, command: str) -> Mapping[str, Any]:
    """The server's answer; empty if it doesn't know the command or this account may not use it."""
    try:
        return await _told(database, command)
    except OperationFailure:
        return {}


async def _told(database: Any, command: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = await database.command(command)
    except PyMongoError:
        raise
    except (BSONError, TypeError, ValueError, LookupError, AttributeError) as error:
        # The driver doesn't check the types in a server's answer.
        raise NonsenseError from error
    return answer


def _members(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = status.get("members")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _used_and_most(status: Mapping[str, Any]) -> tuple[int, int] | None:
    found = status.get("connections")
    counts = [found.get(name) for name in ("current", "available")] if isinstance(found, Mapping) else []
    match counts:
        case [int(used), int(free)] if used >= 0 and free >= 0:
            return used, used + free
        case _:
            return None


def _connections(status: Mapping[str, Any]) -> str:
    found = _used_and_most(status)
    return f"{found[0]} of {found[1]} connections" if found else ""


def _role(hello: Mapping[str, Any]) -> str:
    """`primary of rs0`; '' for a standalone server."""
    if "setName" not in hello:
        return ""
    primary, secondary = hello.get("isWritablePrimary"), hello.get("secondary")
    role = "primary" if primary else "secondary" if secondary else "member"
    return f"{role} of {fit_to_show(str(hello['setName']))}"


def _size(storage: Mapping[str, Any]) -> str:
    size = storage.get("storageSize")
    return f"{size_shown(int(size))} stored" if isinstance(size, int | float) and 0 <= size < float("inf") else ""


def _unreachable(client: Client, check: MongodbCheck) -> str:
    """Why no server was found, from a server's own error: the exception's text describes the whole set."""
    kept = [server.error for server in client.topology_description.server_descriptions().values() if server.error]
    if not kept:
        return "no server was found in time"
    return reason_in(str(kept[0])) or _said(kept[0], check)


def _refusal(error: OperationFailure, check: MongodbCheck) -> str:
    return "authentication failed" if error.code == AUTHENTICATION_FAILED else _said(error, check)


def _said(error: Exception, check: MongodbCheck) -> str:
    """The error's text, redacted: pymongo may quote the connection string."""
    return fit_to_show(without_code(str(error)), check.target.redactions()) or type(error).__name__

"""Manifests: what is known about a dump, stored beside it for the day when nothing else is left."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.backups.backup import Backup, name_in
from bot.domain.errors import Rejected
from bot.dumpers import BackupPlace, KeptDump
from bot.runbook.backups import MongodbBackup, PostgresqlBackup
from bot.store.backups.backups import RunResult

# No dump predates UNIX, and every instant up to then is valid in any time zone.
YEARS = range(1970, 9000)
LONGEST = timedelta(days=366)
# PostgreSQL's largest bigint.
MOST = 2**63 - 1
# The escape \u0000 in JSON, but not an escaped backslash followed by u0000.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

Number = Annotated[int, Field(ge=0, le=MOST)]


def manifest_of(
    backup: Backup, wanted: PostgresqlBackup | MongodbBackup, made: RunResult, *, took_s: float
) -> Mapping[str, Any]:
    return {
        "backup": backup.name,
        "kind": wanted.kind,
        "database": made.source.get("database") or wanted.database,
        "file": backup.file,
        "bytes": made.size,
        "sha256": made.sha256,
        "tool": made.tool,
        "server": made.server,
        "started_at": backup.started_at.isoformat(),
        "took_seconds": round(took_s, 3),
        "counts": None if made.counts is None else dict(made.counts),
        "counted": made.counted,
        "source": dict(made.source),
    }


class _Facts(BaseModel):
    """Unknown fields are kept: a later version may have written them."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Properties(_Facts):
    """As written by `dumpers/_postgresql_properties`."""

    options: str | None = None
    owner: str | None = None
    tablespace: str | None = None
    limit: int | None = None
    comment: str | None = None
    rights: Sequence[Annotated[list[str | bool | None], Field(min_length=3, max_length=3)]] | None = None
    settings: Sequence[Annotated[list[str | None], Field(min_length=2, max_length=2)]] | None = None
    slots: Sequence[str] | None = None
    subscriptions: Sequence[str] | None = None


Names = Sequence[str] | None


class _Source(_Facts):
    """The place, and what `dumpers/_postgresql_needs` writes."""

    server: str = ""
    port: Number = 0
    database: str | None = None
    owners: Names = None
    of_superusers: Sequence[Annotated[list[str], Field(min_length=2, max_length=2)]] | None = None
    extensions: Names = None
    installed: Names = None
    creators: Names = None
    publishers: Names = None
    roles: Names = None
    veiled: Names = None
    tablespaces: Names = None
    parameters: Names = None
    superuser: Names = None
    ignored: Names = None
    size: Number | None = None
    properties: _Properties | None = None


class _Manifest(_Facts):
    """Anybody may have edited it, so types are checked before use."""

    size: Number = Field(alias="bytes")
    counts: Mapping[str, Number] | None
    source: _Source | None = None


@dataclass(frozen=True)
class Described:
    """A dump according to its manifest. `name`: the key of its runbook entry at that time."""

    name: str
    kind: str
    database: str
    file: str
    started_at: datetime
    took: timedelta
    made: RunResult


@dataclass(frozen=True)
class Beside:
    """What is found beside a dump. `facts` None: unknown, for the reason `why`. `name`: the runbook entry it belongs
    to, from the manifest, else from the file's name; '' = neither says."""

    name: str
    facts: Described | None
    why: str = ""


async def read_beside(at: BackupPlace, place: str, one: KeptDump) -> Beside:
    """Read the manifest beside a dump. Raises a Failed when that cannot be told now."""
    named = name_in(one.file)
    if not one.is_described:
        return Beside(named, None, "no manifest stands beside it")
    try:
        manifest = await at.manifest(place, one.file)
    except Rejected as error:
        # A permanent failure, such as damage or a forbidden object; the rest is read all the same.
        return Beside(named, None, str(error))
    if facts := described(manifest or {}):
        return Beside(facts.name, facts)
    claimed = (manifest or {}).get("backup")
    return Beside(claimed if isinstance(claimed, str) else named, None, "its manifest is none that Tocsin has written")


def described(manifest: Mapping[str, Any]) -> Described | None:
    """Parse a manifest; None when it is not one of ours, or was edited so that it cannot be stored or used."""
    try:
        _Manifest.model_validate(manifest)
        _must_be_keepable(manifest)
        return Described(
            name=str(manifest["backup"]), kind=str(manifest["kind"]), database=str(manifest["database"] or ""),
            file=str(manifest["file"]), started_at=_instant(manifest["started_at"]),
            took=_span(float(manifest["took_seconds"])), made=_made(manifest),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def _must_be_keepable(manifest: Mapping[str, Any]) -> None:
    """Raise ValueError for what Python reads and PostgreSQL cannot store: NUL, lone surrogates, NaN."""
    written = json.dumps(manifest, ensure_ascii=False, allow_nan=False)
    written.encode()
    if NUL.search(written):
        raise ValueError("a NUL")


def _made(manifest: Mapping[str, Any]) -> RunResult:
    counts = manifest["counts"]
    numbers = None if counts is None else {str(name): int(number) for name, number in counts.items()}
    return RunResult(
        size=int(manifest["bytes"]), sha256=str(manifest["sha256"]), tool=str(manifest["tool"]),
        server=str(manifest["server"]), tables=None if numbers is None else len(numbers), counts=numbers,
        counted=str(manifest["counted"]), source=dict(manifest.get("source") or {}),
    )  # fmt: skip


def _instant(text: str) -> datetime:
    """Parse an instant, as UTC. Raises ValueError without a time zone or outside YEARS."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or at.year not in YEARS:
        raise ValueError("an instant without its zone, or of no time that there was a backup")
    return at.astimezone(UTC)


def _span(seconds: float) -> timedelta:
    """Raises ValueError for a negative duration or one over LONGEST."""
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError("nothing takes that long")
    return timedelta(seconds=seconds)

"""What is known of a dump, written down beside it: for the day when nothing is left but its place."""

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

# No dump is older than UNIX, and every instant until then is one in every zone.
YEARS = range(1970, 9000)
LONGEST = timedelta(days=366)
# The largest number that PostgreSQL counts to.
MOST = 2**63 - 1
# As JSON is written: not the six signs themselves, before which the backslash is escaped.
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
    """What is not known here is kept as it is: a later version may have written it."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Properties(_Facts):
    """As `dumpers/_postgresql_properties` has them."""

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
    """Besides the place as `dumpers/_postgresql_needs` has it."""

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
    """What anybody may have edited: of which type it is has to be looked at before it is believed."""

    size: Number = Field(alias="bytes")
    counts: Mapping[str, Number] | None
    source: _Source | None = None


@dataclass(frozen=True)
class Described:
    """A dump as its manifest has it. `name` is the key of the runbook's entry at that time."""

    name: str
    kind: str
    database: str
    file: str
    started_at: datetime
    took: timedelta
    made: RunResult


@dataclass(frozen=True)
class Beside:
    """What stands beside a dump. `facts` None: `why` they are not known. `name` is the key of the entry that it is of,
    as the manifest says, else as the file is named; '' = neither does."""

    name: str
    facts: Described | None
    why: str = ""


async def read_beside(at: BackupPlace, place: str, one: KeptDump) -> Beside:
    """Raises a kind of Failed when nobody can say now what stands there."""
    named = name_in(one.file)
    if not one.is_described:
        return Beside(named, None, "no manifest stands beside it")
    try:
        manifest = await at.manifest(place, one.file)
    except Rejected as error:
        # For good, as of one that is damaged, or an object that only others may read: the rest is read all the same.
        return Beside(named, None, str(error))
    if facts := described(manifest or {}):
        return Beside(facts.name, facts)
    claimed = (manifest or {}).get("backup")
    return Beside(claimed if isinstance(claimed, str) else named, None, "its manifest is none that Tocsin has written")


def described(manifest: Mapping[str, Any]) -> Described | None:
    """None when it is none of ours, or was edited so that it cannot be kept or carried out."""
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
    """Raises ValueError for what Python reads and PostgreSQL does not keep: a NUL, half a character, NaN."""
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
    """Raises ValueError when it is not said in which zone, or is none that could be."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or at.year not in YEARS:
        raise ValueError("an instant without its zone, or of no time that there was a backup")
    return at.astimezone(UTC)


def _span(seconds: float) -> timedelta:
    """Raises ValueError."""
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError("nothing takes that long")
    return timedelta(seconds=seconds)

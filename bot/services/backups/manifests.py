"""What is known of a dump, written down beside it: for the day when nothing is left but its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.backups.backup import Backup
from bot.runbook.backups import MongodbBackup, PostgresqlBackup
from bot.store.backups.backups import Made


def manifest_of(
    backup: Backup, wanted: PostgresqlBackup | MongodbBackup, made: Made, *, took_s: float
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


@dataclass(frozen=True)
class Described:
    """A dump as its manifest has it. `name` is the key of the runbook's entry at that time."""

    name: str
    kind: str
    database: str
    file: str
    started_at: datetime
    took: timedelta
    made: Made


def described(manifest: Mapping[str, Any]) -> Described | None:
    """None when it is none of ours."""
    try:
        return Described(
            name=str(manifest["backup"]), kind=str(manifest["kind"]), database=str(manifest["database"]),
            file=str(manifest["file"]), started_at=_instant(manifest["started_at"]),
            took=timedelta(seconds=float(manifest["took_seconds"])), made=_made(manifest),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _made(manifest: Mapping[str, Any]) -> Made:
    counts = manifest["counts"]
    numbers = None if counts is None else {str(name): int(number) for name, number in counts.items()}
    return Made(
        size=int(manifest["bytes"]), sha256=str(manifest["sha256"]), tool=str(manifest["tool"]),
        server=str(manifest["server"]), tables=None if numbers is None else len(numbers), counts=numbers,
        counted=str(manifest["counted"]), source=dict(manifest.get("source") or {}),
    )  # fmt: skip


def _instant(text: str) -> datetime:
    """Raises ValueError when it is not said in which zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without its zone")
    return at.astimezone(UTC)

"""What is known of a dump, written down beside it: for the day when nothing is left but its place."""

from collections.abc import Mapping
from typing import Any

from bot.domain.backup import Backup
from bot.runbook.backups import MongodbBackup, PostgresqlBackup
from bot.store.backups import Made


def manifest_of(
    backup: Backup, wanted: PostgresqlBackup | MongodbBackup, made: Made, *, took_s: float
) -> Mapping[str, Any]:
    return {
        "backup": backup.name,
        "kind": wanted.kind,
        "database": wanted.database,
        "file": backup.file,
        "bytes": made.size,
        "sha256": made.sha256,
        "tool": made.tool,
        "server": made.server,
        "started_at": backup.started_at.isoformat(),
        "took_seconds": round(took_s, 3),
        "counts": None if made.counts is None else dict(made.counts),
        "counted": made.counted,
    }


def made_of(manifest: Mapping[str, Any]) -> Made | None:
    """None when it is none of ours."""
    counts = manifest.get("counts")
    try:
        return Made(
            size=int(manifest["bytes"]), sha256=str(manifest["sha256"]), tool=str(manifest["tool"]),
            server=str(manifest["server"]), tables=None if counts is None else len(counts), counts=counts,
            counted=str(manifest["counted"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None

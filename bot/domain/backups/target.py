"""The database a restore replaces: resolved once, then shown, approved and replaced as recorded here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bot.domain.errors import Refused

# Quotes that people and Slack put around names with spaces.
QUOTES = "\"'`“”„‘’"


@dataclass(frozen=True)
class Target:
    """One database on one server. `owner`, `size` (bytes): None if the database is missing or does not say.

    `running`: identifies the running server, whatever its address; None: unknown.
    """

    server: str
    port: int
    database: str
    owner: str | None = None
    size: int | None = None
    running: str | None = None

    @property
    def shown(self) -> str:
        host = f"[{self.server}]" if ":" in self.server and "," not in self.server else self.server
        return f"{self.database} on {host} port {self.port}"

    @property
    def as_place(self) -> Mapping[str, Any]:
        """Its location for storage, without its properties."""
        return {"server": self.server, "port": self.port, "database": self.database, "running": self.running}

    def is_where(self, other: "Target") -> bool:
        """Whether it is the same database on the same server, ignoring owner and size, which may change."""
        return (self.server, self.port, self.database) == (other.server, other.port, other.database)

    def is_beside(self, other: "Target") -> bool:
        """Whether it is on the same server, or one that took over with all its data, as in a failover."""
        own, others = (target.running.partition(" since ")[0] if target.running else None for target in (self, other))
        return (self.server, self.port) == (other.server, other.port) or (own is not None and own == others)


@dataclass(frozen=True)
class Prospect:
    """What a restore is going to do, found out before anybody is asked.

    `connections`: number to be ended; None: unknown or none. `blockers`: what prevents the replacement and cannot be
    ended, in words. `needs`: bytes the restored database takes beside the target until that is dropped; `took`:
    duration of the last drill or restore; None: unknown.
    """

    target: Target
    stands: bool
    connections: int | None = None
    needs: int | None = None
    took: timedelta | None = None
    blockers: Sequence[str] = ()

    def as_kept(self) -> Mapping[str, Any]:
        took_s = None if self.took is None else self.took.total_seconds()
        kept = asdict(self) | {"took": took_s}
        # Stored in a column of its own, for queries.
        kept["target"].pop("running")
        return kept

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Prospect":
        took = None if kept["took"] is None else timedelta(seconds=kept["took"])
        return cls(**{**kept, "target": Target(**kept["target"]), "took": took})


def target_in(source: Mapping[str, Any] | None) -> Target | None:
    """Where a backup was taken, from its stored source; None: not recorded."""
    if not source or not source.get("database"):
        return None
    try:
        return Target(str(source["server"]), int(source["port"]), str(source["database"]))
    except (KeyError, TypeError, ValueError):
        return None


def is_elsewhere(source: Target | None, target: Target) -> bool:
    """Whether the backup is of another database than the one it would replace."""
    return source is not None and not source.is_where(target)


def must_be_named(source: Target | None, target: Target, typed: str, command: str) -> None:
    """Make people type the target when it is not the backup's own database. Raises Refused, saying how.

    `typed` '' = nothing; a name typed must match in any case.
    """
    if typed and target.database not in (typed, typed.strip(QUOTES)):
        raise Refused(f"“{typed}” is not what would be replaced: that is {target.shown}. Nothing was done.")
    if source and is_elsewhere(source, target) and not typed:
        raise Refused(
            f"This backup was taken of {source.shown}, and it would replace {target.shown}. "
            f"When that is meant, type the name of what is replaced: `{command}`."
        )

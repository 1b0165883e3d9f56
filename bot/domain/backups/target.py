"""Which database a restore replaces: resolved once, then shown, approved and replaced as it is here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bot.domain.errors import Refused

# What people and Slack put around a name that has blanks in it.
QUOTES = "\"'`“”„‘’"


@dataclass(frozen=True)
class Target:
    """One database of one server. `owner` and `size`, in bytes, are None where it is not there or does not say them.

    `running`: the server as it runs now, whatever the address calls it; None = it does not say.
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
        """To be kept: where it is, and not how it was."""
        return {"server": self.server, "port": self.port, "database": self.database, "running": self.running}

    def is_where(self, other: "Target") -> bool:
        """The same database of the same server; its owner and its size may be others by now."""
        return (self.server, self.port, self.database) == (other.server, other.port, other.database)

    def is_beside(self, other: "Target") -> bool:
        """On the same server, or on one that took over from it with all that it had, as after a failover."""
        own, others = (target.running.partition(" since ")[0] if target.running else None for target in (self, other))
        return (self.server, self.port) == (other.server, other.port) or (own is not None and own == others)


@dataclass(frozen=True)
class Prospect:
    """What a restore is going to do, found out before anybody is asked.

    `connections` to the target will be ended, None = not known or none will be; `blockers` are what cannot be ended and
    keeps it from being replaced, in words. `needs` is the room in bytes that the
    restored database takes beside the target until that is dropped, `took` how long the last drill or restore took;
    None = not known.
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
        # Kept beside, where it is looked for.
        kept["target"].pop("running")
        return kept

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Prospect":
        took = None if kept["took"] is None else timedelta(seconds=kept["took"])
        return cls(**{**kept, "target": Target(**kept["target"]), "took": took})


def target_in(source: Mapping[str, Any] | None) -> Target | None:
    """Where a backup was taken, from what is kept of it; None = that was not recorded."""
    if not source or not source.get("database"):
        return None
    try:
        return Target(str(source["server"]), int(source["port"]), str(source["database"]))
    except (KeyError, TypeError, ValueError):
        return None


def is_elsewhere(source: Target | None, target: Target) -> bool:
    """The backup was taken of another database than the one it would replace."""
    return source is not None and not source.is_where(target)


def must_be_named(source: Target | None, target: Target, typed: str, command: str) -> None:
    """Whoever puts a backup into another database has to type which. Raises Refused, with how to.

    `typed` '' = nothing was; a name that was typed must be right in any case.
    """
    if typed and target.database not in (typed, typed.strip(QUOTES)):
        raise Refused(f"“{typed}” is not what would be replaced: that is {target.shown}. Nothing was done.")
    if source and is_elsewhere(source, target) and not typed:
        raise Refused(
            f"This backup was taken of {source.shown}, and it would replace {target.shown}. "
            f"When that is meant, type the name of what is replaced: `{command}`."
        )

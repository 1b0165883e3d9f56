"""The shelf of backups: each module is one kind of database that can be dumped, or one kind of place to keep dumps.

A module with a KIND is a dumper, one that RESTORES a kind is a restorer, one with a PLACE is a place; all are found by
themselves.
"""

import asyncio
import hashlib
import importlib
import pkgutil
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from bot.domain.backups.target import Prospect
from bot.settings import Settings

# Below the root, how systems name the folder of each version: Debian and Ubuntu, Red Hat, macOS.
PACKAGED = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")

# Told how many bytes have been written so far.
Noted = Callable[[int], None]
# A whole dump, piece by piece. Raises a kind of Failed where it ends without being whole.
Content = AsyncGenerator[bytes, None]


@dataclass(frozen=True)
class Equipment:
    """The program that dumps or restores, and the versions of it and of the server, as a person may read them.

    `others`: programs of its name that would do as well, for a dump that this one cannot read. `source`: which database
    it leads to, `server`, `port` and `database`, and in `properties` what a dump of it does not hold, each kind of
    database in its own way.
    """

    program: Path
    tool: str
    server: str
    others: Sequence[Path] = ()
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DumpDraft:
    """A dump that is written completely but has no name yet."""

    place: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class KeptDump:
    """A dump that lies at a place under its name. `is_described`: something that is called its manifest is there."""

    file: str
    size: int
    is_described: bool


@dataclass(frozen=True)
class FreeSpace:
    """A disk of a server, in bytes.

    `holds`: what is restored comes onto it; `log`: at most so much of the server's own log does meanwhile.
    """

    total: int
    free: int
    holds: bool = True
    log: int = 0


@dataclass
class Tally:
    """What a dump is found to hold while it is made.

    `tables` are those (or the collections) it will have, None = not known, `tables_done` those it has. `counts` are the
    rows or documents of each, None = not counted; `counted` says how, or why not.
    """

    tables: int | None = None
    tables_done: int = 0
    counts: Mapping[str, int] | None = None
    counted: str = ""


class Dumper(Protocol):
    """What a module offers that dumps one kind of database. `folders`: where to look for programs beside the PATH."""

    KIND: str
    SUFFIX: str

    async def equip(self, backup: Any, folders: Sequence[Path]) -> Equipment:
        """Find what fits the server. Raises Rejected, saying what to install, or Unreachable."""

    async def foreseen(self, backup: Any) -> Sequence[str]:
        """What would end a dump half-way, each with how to fix it. Raises Unreachable."""

    def dump(self, backup: Any, equipment: Equipment, tally: Tally, *, quick: bool = ...) -> Content:
        """The database's content. The tally is kept as it goes, and complete at the end.

        `quick`: somebody waits for it, so that time counts more than its size.
        """

    async def inspect(self, content: Content, folders: Sequence[Path]) -> None:
        """Raises Damaged when this is no dump that can be restored."""

    async def count(self, content: Content, folders: Sequence[Path]) -> Mapping[str, int]:
        """The rows or documents in it, by table or collection. Reads all of it; raises Damaged where it cannot."""


class Restorer(Protocol):
    """What a module offers that brings one kind of database back. `scratch` is a database of ours beside the target.

    Every deed raises a kind of Failed, with no secret in it.
    """

    RESTORES: str
    # Whether it has `exchange`; else it has `overwrite`, which is not done at one instant and keeps nothing of before.
    EXCHANGES: bool

    async def ready(self, backup: Any, folders: Sequence[Path], source: Mapping[str, Any] | None = ...) -> Equipment:
        """Find what fits the server, and see that we may bring this backup back. Raises Rejected, saying what to do,
        or Unreachable. `source` is that of the backup's own equipment; None: what is there now counts instead."""

    async def foreseen(self, backup: Any) -> Sequence[str]:
        """What would end a restore half-way although every right is there, each with how to fix it. It need not be
        all: a drill finds the rest."""

    async def prospect(self, backup: Any) -> Prospect:
        """Which database would be replaced, and what that means. It need not be there."""

    async def is_connected(self, backup: Any, pid: int, since: datetime) -> bool:
        """Whether this backend of a server that was started then is connected to the target."""

    async def fill(
        self, backup: Any, scratch: str, content: Content, equipment: Equipment, source: Mapping[str, Any] = ...
    ) -> None:
        """Make the scratch database and restore all of the content into it, or fail.

        `source` is that of the backup's own equipment: what is missing in the target's place is made as that was.
        """

    async def dress(self, backup: Any, scratch: str, source: Mapping[str, Any]) -> Sequence[str]:
        """Give the scratch database what belongs to the target and not to its content; where that is gone, what
        belonged to the source. Returns what could not be brought back, in words."""

    async def counts(self, backup: Any, database: str = "") -> Mapping[str, int]:
        """The rows of every table of a database; without a name those of the target."""

    async def ask(self, backup: Any, database: str, question: str) -> object:
        """What a query answers; it can change nothing, and has a time-out."""

    async def exists(self, backup: Any, database: str = "") -> bool:
        """Whether there is a database of this name; without a name, the target."""

    async def number_of(self, backup: Any, database: str) -> int | None:
        """The server's own of this database, which stays when its name is changed; None = there is none of this name.

        Of those that exchange."""

    async def exchange(self, backup: Any, scratch: str, aside: str, target: str) -> bool:
        """Put the scratch database into the place of the target, which is kept as `aside`; False = there was none.

        All of it or nothing, also when this process dies. Connections to the target are ended.
        """

    async def overwrite(self, backup: Any, scratch: str, content: Content, equipment: Equipment, target: str) -> None:
        """Restore the content into the target, and remove from it what the scratch database does not have.

        Wherever it ends before its end, some of the target is old and some is new.
        """

    async def disks(self, backup: Any) -> Sequence[FreeSpace]:
        """Those of the server that a restore fills; none = they cannot be seen from here."""

    async def unseen(self, backup: Any) -> str:
        """Why `disks` misses one of them, and what would have it seen; "" = it does not."""

    async def drop(self, backup: Any, scratch: str) -> None:
        """Remove a scratch database, if it is there."""


class BackupPlace(Protocol):
    """What a module offers that keeps dumps: the `place` is as the runbook writes it, the `file` is ours."""

    PLACE: str

    async def claim(self, place: str, earlier: Sequence[str]) -> None:
        """See that this is the place where the `earlier` ones are, and mark it as that. Raises Rejected when it is not:
        a disk that is not mounted leaves a folder of the same name."""

    async def write(self, place: str, file: str, content: Content, noted: Noted) -> DumpDraft:
        """Write all of it under a temporary name; nothing is left of it when that fails."""

    def read_draft(self, draft: DumpDraft) -> Content:
        """What has been written, read back."""

    async def settle(self, draft: DumpDraft, manifest: Mapping[str, Any]) -> None:
        """Give it its name, with the manifest beside it. From here on it exists, whatever happens."""

    async def describe(self, place: str, file: str, manifest: Mapping[str, Any]) -> None:
        """Put this manifest beside a dump that has its name, instead of the one that is there or is not."""

    async def discard(self, place: str, file: str) -> None:
        """Remove what a run that came to nothing has left."""

    async def manifest(self, place: str, file: str) -> Mapping[str, Any] | None:
        """What stands beside a dump that has its name; None when there is no such dump, or no such manifest.

        Raises Damaged when there is one that cannot be read.
        """

    def read(self, place: str, file: str) -> Content:
        """Raises Gone when it is not there."""

    async def remove(self, place: str, file: str) -> bool:
        """The dump and its manifest; False when there was none to remove."""

    async def kept(self, place: str, suffixes: Sequence[str]) -> Sequence[KeptDump]:
        """Every dump that lies there, by the endings of their names. Raises Gone when there is no such place."""


def dumpers() -> Mapping[str, Dumper]:
    """By kind of database."""
    return {module.KIND: cast(Dumper, module) for module in _modules() if hasattr(module, "KIND")}


def restorers() -> Mapping[str, Restorer]:
    """By kind of database."""
    return {module.RESTORES: cast(Restorer, module) for module in _modules() if hasattr(module, "RESTORES")}


def places(settings: Settings) -> Mapping[str, BackupPlace]:
    """By kind of place. One that the environment says how to reach has `using`, which makes it of the settings."""
    found = [module for module in _modules() if hasattr(module, "PLACE")]
    return {
        module.PLACE: cast(BackupPlace, module.using(settings) if hasattr(module, "using") else module)
        for module in found
    }


def kind_of_place(place: str) -> str:
    """`s3` for `s3://bucket/prefix`, `local` for a folder."""
    scheme, separator, _ = place.partition("://")
    return scheme if separator else "local"


def is_of_one_machine(place: str) -> bool:
    """What is in a folder is not seen from another machine."""
    return kind_of_place(place) == "local"


def program_folders(own: Path | None) -> Sequence[Path]:
    """Where programs are looked for beside the PATH: those that come with the bot, and of PostgreSQL every version."""
    return [*([own] if own else []), *(folder for pattern in PACKAGED for folder in sorted(Path("/").glob(pattern)))]


async def sum_of(content: Content) -> tuple[int, str]:
    """Its size in bytes and its SHA-256."""
    checksum, size = hashlib.sha256(), 0
    async with aclosing(content) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(checksum.update, piece)
            size += len(piece)
    return size, checksum.hexdigest()


def _modules() -> list[ModuleType]:
    names = [entry.name for entry in pkgutil.iter_modules(__path__) if not entry.name.startswith("_")]
    return [importlib.import_module(f"{__name__}.{name}") for name in names]

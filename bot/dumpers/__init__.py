"""The shelf of backups: each module is one kind of database that can be dumped, or one kind of place for dumps.

A module with a KIND is a dumper, one with RESTORES a restorer, one with a PLACE a place. They are discovered
automatically.
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

# Where packages put each version's programs, below the root: Debian and Ubuntu, Red Hat, macOS.
PACKAGED = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")

# Called with the number of bytes written so far.
Noted = Callable[[int], None]
# A whole dump, piece by piece. Raises a kind of Failed if it ends before it is complete.
Content = AsyncGenerator[bytes, None]


@dataclass(frozen=True)
class Equipment:
    """The program that dumps or restores, and its version and the server's, for people.

    `others`: further programs of that name, for a dump that this one can't read. `source`: the database it connects to
    (`server`, `port`, `database`), with `properties` for what a dump doesn't contain, in a form particular to each kind
    of database.
    """

    program: Path
    tool: str
    server: str
    others: Sequence[Path] = ()
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DumpDraft:
    """A dump that is completely written but has no final name yet."""

    place: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class KeptDump:
    """A dump at a place under its final name. `is_described`: an object with its manifest's name exists."""

    file: str
    size: int
    is_described: bool


@dataclass(frozen=True)
class FreeSpace:
    """A disk of a server, in bytes.

    `holds`: restored data is stored on it. `log`: how much the server's own log (WAL) may grow on it meanwhile.
    """

    total: int
    free: int
    holds: bool = True
    log: int = 0


@dataclass
class Tally:
    """What is learnt about a dump while it is made.

    `tables`: how many tables (or collections) it will have, None if unknown; `tables_done`: how many are finished.
    `counts`: rows or documents of each, None if not counted; `counted` says how they were counted, or why not.
    """

    tables: int | None = None
    tables_done: int = 0
    counts: Mapping[str, int] | None = None
    counted: str = ""


class Dumper(Protocol):
    """The interface of a module that dumps one kind of database. `folders`: where to look for programs besides the
    PATH."""

    KIND: str
    SUFFIX: str

    async def equip(self, backup: Any, folders: Sequence[Path]) -> Equipment:
        """Find a program that fits the server. Raises Rejected, saying what to install, or Unreachable."""

    async def foreseen(self, backup: Any) -> Sequence[str]:
        """Everything that would make a dump fail half-way, each with how to fix it. Raises Unreachable."""

    def dump(self, backup: Any, equipment: Equipment, tally: Tally, *, quick: bool = ...) -> Content:
        """Dump the database's content. The tally is updated along the way, and complete at the end.

        `quick`: somebody is waiting, so speed matters more than size.
        """

    async def inspect(self, content: Content, folders: Sequence[Path]) -> None:
        """Raises Damaged if this isn't a dump that can be restored."""

    async def count(self, content: Content, folders: Sequence[Path]) -> Mapping[str, int]:
        """The number of rows or documents in it, by table or collection. Reads all of it; raises Damaged if it
        can't."""


class Restorer(Protocol):
    """The interface of a module that restores one kind of database. `scratch` is a database of ours beside the target.

    Every method raises a kind of Failed, with no secret in it.
    """

    RESTORES: str
    # True: it has `exchange`. False: it has `overwrite`, which isn't atomic and keeps nothing of the old data.
    EXCHANGES: bool

    async def ready(self, backup: Any, folders: Sequence[Path], source: Mapping[str, Any] | None = ...) -> Equipment:
        """Find a program that fits the server, and check that we may restore this backup. Raises Rejected, saying what
        to do, or Unreachable. `source` is the backup's own `Equipment.source`; None: judge by the target as it is
        now."""

    async def foreseen(self, backup: Any) -> Sequence[str]:
        """What would make a restore fail half-way even with every permission, each with how to fix it. Not exhaustive:
        a drill finds the rest."""

    async def prospect(self, backup: Any) -> Prospect:
        """Which database would be replaced, and what that would mean. It need not exist."""

    async def is_connected(self, backup: Any, pid: int, since: datetime) -> bool:
        """Is this backend connected to the target? `since`: when its server was started."""

    async def fill(
        self, backup: Any, scratch: str, content: Content, equipment: Equipment, source: Mapping[str, Any] = ...
    ) -> None:
        """Create the scratch database and restore all of the content into it, or fail.

        `source` is the backup's own `Equipment.source`; if the target no longer exists, the scratch database gets its
        properties.
        """

    async def dress(self, backup: Any, scratch: str, source: Mapping[str, Any]) -> Sequence[str]:
        """Give the scratch database what belongs to the target but isn't content; if the target is gone, what belonged
        to the source. Returns what couldn't be restored, in words."""

    async def counts(self, backup: Any, database: str = "") -> Mapping[str, int]:
        """The rows of every table of a database, by default the target."""

    async def ask(self, backup: Any, database: str, question: str) -> object:
        """The result of a query, run read-only and with a time-out."""

    async def exists(self, backup: Any, database: str = "") -> bool:
        """Is there a database of this name, by default the target?"""

    async def number_of(self, backup: Any, database: str) -> int | None:
        """The server's own id of this database, which survives renaming; None if there is no database of this name.

        Only for those that exchange.
        """

    async def exchange(self, backup: Any, scratch: str, aside: str, target: str) -> bool:
        """Put the scratch database in the place of the target, which is kept as `aside`; False if there was no target.

        Atomic, even if this process dies. Terminates connections to the target.
        """

    async def overwrite(self, backup: Any, scratch: str, content: Content, equipment: Equipment, target: str) -> None:
        """Restore the content into the target, and remove from it what the scratch database doesn't have.

        Not atomic: if it is interrupted, the target is a mix of old and new.
        """

    async def disks(self, backup: Any) -> Sequence[FreeSpace]:
        """The server's disks that a restore fills; empty if they can't be seen from here."""

    async def unseen(self, backup: Any) -> str:
        """Why `disks` lacks one of them, and what would make it visible; '' if it lacks none."""

    async def drop(self, backup: Any, scratch: str) -> None:
        """Remove a scratch database if it exists."""


class BackupPlace(Protocol):
    """The interface of a module that stores dumps. `place` is as written in the runbook; we choose the `file` name."""

    PLACE: str

    async def claim(self, place: str, earlier: Sequence[str]) -> None:
        """Check that this is the place with the `earlier` dumps, and mark it as such. Raises Rejected if it isn't: an
        unmounted disk leaves an empty folder of the same name."""

    async def write(self, place: str, file: str, content: Content, noted: Noted) -> DumpDraft:
        """Write all of it under a temporary name; nothing remains if that fails."""

    def read_draft(self, draft: DumpDraft) -> Content:
        """The written dump, read back."""

    async def settle(self, draft: DumpDraft, manifest: Mapping[str, Any]) -> None:
        """Give it its final name, with the manifest beside it. From then on it exists, whatever happens."""

    async def describe(self, place: str, file: str, manifest: Mapping[str, Any]) -> None:
        """Write or replace the manifest of a dump that has its final name."""

    async def discard(self, place: str, file: str) -> None:
        """Remove what a failed run has left behind."""

    async def manifest(self, place: str, file: str) -> Mapping[str, Any] | None:
        """The manifest of a dump that has its final name; None if there is no such dump, or no manifest.

        Raises Damaged if there is one that can't be read.
        """

    def read(self, place: str, file: str) -> Content:
        """Raises Gone if it doesn't exist."""

    async def remove(self, place: str, file: str) -> bool:
        """Remove the dump and its manifest; False if there was no dump."""

    async def kept(self, place: str, suffixes: Sequence[str]) -> Sequence[KeptDump]:
        """Every dump there, selected by file extension. Raises Gone if there is no such place."""


def dumpers() -> Mapping[str, Dumper]:
    """All dumpers, by kind of database."""
    return {module.KIND: cast(Dumper, module) for module in _modules() if hasattr(module, "KIND")}


def restorers() -> Mapping[str, Restorer]:
    """All restorers, by kind of database."""
    return {module.RESTORES: cast(Restorer, module) for module in _modules() if hasattr(module, "RESTORES")}


def places(settings: Settings) -> Mapping[str, BackupPlace]:
    """All places, by kind. A module with `using` makes its place from the environment's settings."""
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
    """Is this a folder, which other machines can't see?"""
    return kind_of_place(place) == "local"


def program_folders(own: Path | None) -> Sequence[Path]:
    """Where to look for programs besides the PATH: the bot's own folder, and that of every PostgreSQL version."""
    return [*([own] if own else []), *(folder for pattern in PACKAGED for folder in sorted(Path("/").glob(pattern)))]


async def sum_of(content: Content) -> tuple[int, str]:
    """Size in bytes, and SHA-256."""
    checksum, size = hashlib.sha256(), 0
    async with aclosing(content) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(checksum.update, piece)
            size += len(piece)
    return size, checksum.hexdigest()


def _modules() -> list[ModuleType]:
    names = [entry.name for entry in pkgutil.iter_modules(__path__) if not entry.name.startswith("_")]
    return [importlib.import_module(f"{__name__}.{name}") for name in names]

"""Proof that a dump is what was written: its size, its checksum, and that all of it can be read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.domain.backups.backup import Damaged, difference
from bot.dumpers import BackupPlace, Dumper, sum_of


async def prove_written(at: BackupPlace, place: str, file: str, *, size: int, sha256: str | None) -> None:
    """Check that every byte is as written. Raises Damaged or Failed."""
    found, checksum = await sum_of(at.read(place, file))
    if found != size:
        raise Damaged(f"its file has {found} bytes, {size} were written")
    if checksum != sha256:
        raise Damaged("its checksum is not the one it was written with")


async def prove_readable(
    at: BackupPlace, place: str, file: str, counts: Mapping[str, int] | None, dumper: Dumper, tools: Sequence[Path]
) -> None:
    """Check that it reads to the end and holds what was dumped; `counts` None: unknown. Raises Damaged or Failed."""
    found = await dumper.count(at.read(place, file), tools)
    if counts is not None and (unlike := difference(counts, found)):
        raise Damaged(unlike)

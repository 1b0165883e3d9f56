"""Keeps dumps in a folder of this machine. A dump gets its final name only when complete, after its manifest."""

import asyncio
import errno
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from bot.domain.backups.backup import Damaged, Gone
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.dumpers import Content, DumpDraft, KeptDump, Noted
from bot.dumpers._files import created, open_file
from bot.dumpers._manifest_read import LARGEST_BYTES, manifest_in
from bot.wire.opening import opened

PLACE = "local"

PIECE_BYTES = 1024 * 1024
# Long enough to flush a large dump to disk at the end.
SILENT_FOR_AT_MOST_S = 1800
# Only the bot's own account may read a copy of the database.
FOLDER_MODE = 0o700
# Tells our folder from an empty mount point of the same name when the disk isn't mounted.
MARK = ".tocsin-backups"

T = TypeVar("T")


async def claim(place: str, earlier: Sequence[str]) -> None:
    folder = Path(place)
    await _off_loop(folder / MARK, lambda: _claim(folder, earlier))


def is_marked(place: str) -> bool:
    """Have backups been stored there, as far as this machine can see?"""
    return (Path(place) / MARK).exists()


async def write(place: str, file: str, content: Content, noted: Noted) -> DumpDraft:
    """Write to a temporary name in the same folder, so that the final rename is atomic."""
    partial = _partial(place, file)
    writing = await _off_loop(partial, lambda: _Writing(partial))
    try:
        async with aclosing(content) as pieces:
            async for piece in pieces:
                noted(await _off_loop(partial, lambda piece=piece: writing.add(piece)))  # type: ignore[misc]
        await _off_loop(partial, writing.finish)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(writing.abandon))
        raise
    return DumpDraft(place, file, writing.size, writing.sha256)


def read_draft(draft: DumpDraft) -> Content:
    return _pieces(_partial(draft.place, draft.file))


async def settle(draft: DumpDraft, manifest: Mapping[str, Any]) -> None:
    """The manifest is written first, so that a dump with its final name always has one."""
    final = Path(draft.place) / draft.file
    await _off_loop(final, lambda: _settle(_partial(draft.place, draft.file), final, manifest))


async def describe(place: str, file: str, manifest: Mapping[str, Any]) -> None:
    final = Path(place) / file
    await _off_loop(final, lambda: _describe(final, manifest))


async def discard(place: str, file: str) -> None:
    final = Path(place) / file
    await _off_loop(final, lambda: _discard(_partial(place, file), final))


async def manifest(place: str, file: str) -> Mapping[str, Any] | None:
    final = Path(place) / file
    return await _off_loop(final, lambda: _read_manifest(final))


def read(place: str, file: str) -> Content:
    return _pieces(Path(place) / file)


async def remove(place: str, file: str) -> bool:
    final = Path(place) / file
    return await _off_loop(final, lambda: _remove(final))


async def kept(place: str, suffixes: Sequence[str]) -> Sequence[KeptDump]:
    folder = Path(place)
    return await _off_loop(folder / "*", lambda: _kept(folder, tuple(suffixes)))


class _Writing:
    """A growing file and its checksum."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._path = path
        self._file: BinaryIO = os.fdopen(created(path), "wb")
        self._sum = hashlib.sha256()
        self.size = 0

    def add(self, piece: bytes) -> int:
        self._file.write(piece)
        self._sum.update(piece)
        self.size += len(piece)
        return self.size

    def finish(self) -> None:
        """Flush everything to the disk (fsync)."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()


def _claim(folder: Path, earlier: Sequence[str]) -> None:
    """An earlier dump proves it too: older versions wrote no marker."""
    mark = folder / MARK
    if mark.exists():
        return
    if earlier and not any((folder / file).exists() for file in earlier):
        raise Rejected(
            f"{folder} is not the folder where the earlier backups are: they are missing, and its marker with them. "
            f"Mount it; where they are gone for good, `mkdir -p {folder} && touch {mark}`"
        )
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    os.close(created(mark))


def _settle(partial: Path, final: Path, manifest: Mapping[str, Any]) -> None:
    _describe(final, manifest)
    partial.replace(final)
    _sync_folder(final.parent)


def _describe(final: Path, manifest: Mapping[str, Any]) -> None:
    draft = _manifest_draft(final)
    try:
        with os.fdopen(created(draft), "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(_manifest(final))
    except OSError:
        # On a full disk, leftovers would take space from the next backup.
        draft.unlink(missing_ok=True)
        raise


def _discard(partial: Path, final: Path) -> None:
    partial.unlink(missing_ok=True)
    _manifest_draft(final).unlink(missing_ok=True)
    if not final.exists():
        _manifest(final).unlink(missing_ok=True)


def _read_manifest(final: Path) -> Mapping[str, Any] | None:
    beside = _manifest(final)
    if not (final.exists() and os.path.lexists(beside)):
        return None
    try:
        with open_file(beside, "manifest") as file:
            written = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(f"its manifest cannot be read: {_words(error)}") from error
    return manifest_in(written)


def _remove(final: Path) -> bool:
    was_there = final.exists()
    final.unlink(missing_ok=True)
    _manifest(final).unlink(missing_ok=True)
    _manifest_draft(final).unlink(missing_ok=True)
    return was_there


def _kept(folder: Path, suffixes: tuple[str, ...]) -> list[KeptDump]:
    """Our dumps: regular files whose names don't begin with a dot."""
    if not folder.is_dir():
        raise Gone(f"{folder}: there is no such folder")
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.endswith(suffixes) and not entry.name.startswith(".")]
        dumps = [entry for entry in found if entry.is_file(follow_symlinks=False)]
        return [KeptDump(one.name, one.stat().st_size, os.path.lexists(_manifest(Path(one.path)))) for one in dumps]


def _sync_folder(folder: Path) -> None:
    """Without this, a power cut could undo the rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _pieces(path: Path) -> Content:
    try:
        file = await _opened(path)
    except FileNotFoundError as error:
        raise Gone("its file has gone") from error
    except OSError as error:
        raise Damaged(f"its file cannot be read: {_words(error)}") from error
    try:
        while piece := await _off_loop(path, lambda: file.read(PIECE_BYTES)):
            yield piece
    finally:
        file.close()


async def _opened(path: Path) -> BinaryIO:
    """A thread can't be interrupted: a file that is opened after nobody waits for it any more is closed at once."""
    opening = asyncio.to_thread(lambda: open_file(path, "dump"))
    return await _in_time(path.parent, opened(opening, lambda file: file.close()))


def _partial(place: str, file: str) -> Path:
    return Path(place) / f".{file}.part"


def _manifest_draft(final: Path) -> Path:
    return _partial(str(final.parent), _manifest(final).name)


def _manifest(final: Path) -> Path:
    return final.with_name(f"{final.name}.json")


async def _off_loop(path: Path, work: Callable[[], T]) -> T:
    """Run in a thread, because disks can be slow. Raises Unanswered if one hangs, such as a network disk."""
    with _translated(path.parent):
        return await _in_time(path.parent, asyncio.to_thread(work))


async def _in_time(folder: Path, work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(SILENT_FOR_AT_MOST_S):
            return await work
    except TimeoutError as error:
        raise Unanswered(f"{folder}: its disk has not answered for {SILENT_FOR_AT_MOST_S / 60:.0f} minutes") from error


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Translate OSError into our errors."""
    try:
        yield
    except OSError as error:
        kind = Unreachable if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO) else Rejected
        raise kind(f"{folder}: {_words(error)}") from error


def _words(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__

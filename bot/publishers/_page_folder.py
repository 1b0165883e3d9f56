"""Writes a status page to a folder. Readers always see whole files, and no file is replaced by an older one."""

import asyncio
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.updates.status_page import Edition
from bot.publishers._page_versions import is_newer
from bot.wire.http_client import must_not_be_over

# World-readable: the web server that serves the folder runs under another account.
FILE_MODE = 0o644
# The lock file of the writers; it holds the version of the files.
VERSION = ".tocsin-status-page"
ANSWERS_WITHIN_S = 4.0
PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EINTR, errno.EAGAIN, errno.ESTALE)


class Folders:
    """Allows one write per folder at a time, so that a hanging disk (NFS, for one) ties up one thread at most."""

    def __init__(self, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        self._answers_within_s = answers_within_s
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def write(self, folder: str, edition: Edition) -> None:
        """Write the edition, unless a newer one is there. Raises Rejected, Unreachable (also while an earlier write
        hangs), or Unanswered if the disk hangs."""
        try:
            async with asyncio.timeout(self._answers_within_s):
                while (earlier := self._under_way.get(folder)) and not earlier.done():
                    await asyncio.wait([earlier])
        except TimeoutError as error:
            raise Unreachable(f"{folder}: its disk does not answer") from error
        writing = asyncio.ensure_future(asyncio.to_thread(_write, Path(folder), edition))
        # After a time-out nobody awaits the result: retrieve its exception, so that asyncio doesn't complain.
        writing.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._under_way[folder] = writing
        await self._outcome(folder, writing)

    async def _outcome(self, folder: str, writing: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._answers_within_s):
                await asyncio.shield(writing)
        except TimeoutError as error:
            raise Unanswered(f"{folder}: its disk does not answer") from error
        except OSError as error:
            kind = Unreachable if error.errno in PASSING else Rejected
            raise kind(f"{folder}: {os.strerror(error.errno or 0).lower()}") from error


def _write(folder: Path, edition: Edition) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / VERSION) as version:
        if is_newer(version.read().decode("ascii", "replace"), edition.version):
            return
        for name, (_, content) in edition.files.by_name.items():
            _replace(folder / name, content)
        version.seek(0)
        version.truncate()
        version.write(f"{edition.version}\n".encode())


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Keep other writers out while the block runs. The kernel releases the lock of a process that dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _replace(path: Path, content: bytes) -> None:
    """Write to a draft and rename it, so that readers get either the old file or the new one, whole."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # Regardless of the umask.
            os.fchmod(descriptor, FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        must_not_be_over()
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

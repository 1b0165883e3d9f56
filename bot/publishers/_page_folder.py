"""A status page in a folder: each file is whole at every instant, and none is older than the one it replaces."""

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

# Who serves the folder is another account than ours.
FILE_MODE = 0o644
# Holds the version of the files, and is locked by who writes them.
VERSION = ".tocsin-status-page"
ANSWERS_WITHIN_S = 4.0
PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EINTR, errno.EAGAIN, errno.ESTALE)


class Folders:
    """One write a folder at a time: a disk that hangs, such as one of the network, has one thread and no more."""

    def __init__(self, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        self._answers_within_s = answers_within_s
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def write(self, folder: str, edition: Edition) -> None:
        """Does nothing when a newer one is there. Raises Rejected, Unreachable (also while an earlier write hangs), or
        Unanswered when its disk hangs."""
        try:
            async with asyncio.timeout(self._answers_within_s):
                while (earlier := self._under_way.get(folder)) and not earlier.done():
                    await asyncio.wait([earlier])
        except TimeoutError as error:
            raise Unreachable(f"{folder}: its disk does not answer") from error
        writing = asyncio.ensure_future(asyncio.to_thread(_write, Path(folder), edition))
        # Its outcome is nobody's any more when it comes too late.
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
    """While the block runs nobody else writes; the system ends the lock of a process that dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _replace(path: Path, content: bytes) -> None:
    """Under another name first: whoever reads meanwhile has the old one, whole."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # Whatever the umask is.
            os.fchmod(descriptor, FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        must_not_be_over()
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

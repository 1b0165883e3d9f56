"""Reads files whose paths people give: a silent pipe, a device or a socket yields an error message, never a hang."""

import errno
import os
import select
import stat
from pathlib import Path

LARGEST_BYTES = 1024 * 1024
# Programs that write to a shell's `<(...)` or to /dev/stdin may have to fetch the content first.
SILENT_FOR_AT_MOST_S = 10.0


def read_given(
    path: Path, silent_for_at_most_s: float = SILENT_FOR_AT_MOST_S, *, largest_bytes: int = LARGEST_BYTES
) -> bytes:
    """The file's content, or what comes through a pipe until its writers have closed it.

    Raises OSError, whose `strerror` says why it can't be read; also when it is larger than `largest_bytes`, or when a
    pipe is silent for too long.
    """
    if stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(errno.ENXIO, "Is a socket, not a file")
    # Without O_NONBLOCK, opening a pipe waits for its first writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        kind = os.fstat(descriptor).st_mode
        patience = silent_for_at_most_s if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind) else None
        return _content(descriptor, patience, largest_bytes)
    finally:
        os.close(descriptor)


def _content(descriptor: int, silent_for_at_most_s: float | None, largest_bytes: int) -> bytes:
    """`silent_for_at_most_s` None: a file on disk, which can be read at once."""
    content = bytearray()
    while piece := _piece(descriptor, silent_for_at_most_s):
        content += piece
        if len(content) > largest_bytes:
            raise OSError(errno.EFBIG, f"Is too large: more than {largest_bytes} bytes")
    return bytes(content)


def _piece(descriptor: int, silent_for_at_most_s: float | None) -> bytes:
    if silent_for_at_most_s is not None and not select.select([descriptor], [], [], silent_for_at_most_s)[0]:
        raise OSError(errno.ETIMEDOUT, f"Is a pipe or a device, and nothing came for {silent_for_at_most_s:g} s")
    return os.read(descriptor, LARGEST_BYTES + 1)

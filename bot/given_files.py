"""Files whose paths people give: a pipe that nobody writes to, a device or a socket is a sentence, and never a hang."""

import errno
import os
import select
import stat
from pathlib import Path

LARGEST_BYTES = 1024 * 1024
# A shell's `<(...)` and a pipe into /dev/stdin are written to by programs, which may have to fetch it first.
SILENT_FOR_AT_MOST_S = 10.0


def read_given(
    path: Path, silent_for_at_most_s: float = SILENT_FOR_AT_MOST_S, *, largest_bytes: int = LARGEST_BYTES
) -> bytes:
    """What is in the file, or comes through a pipe until its writers have closed it.

    Raises OSError, whose `strerror` says why it cannot be read: also when it holds more than `largest_bytes`, and when
    nothing comes through the pipe for that long.
    """
    if stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(errno.ENXIO, "Is a socket, not a file")
    # Otherwise opening a pipe waits for its first writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        kind = os.fstat(descriptor).st_mode
        patience = silent_for_at_most_s if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind) else None
        return _content(descriptor, patience, largest_bytes)
    finally:
        os.close(descriptor)


def _content(descriptor: int, silent_for_at_most_s: float | None, largest_bytes: int) -> bytes:
    """`silent_for_at_most_s` None: it is on a disk, where all there is can be read at once."""
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

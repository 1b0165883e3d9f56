"""When Python does not look for garbage: while much is made at one go, all of which stays for now."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_makers = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Nobody looks for garbage within the block, in any thread; several may be in one at a time.

    A megabyte of JSON can be a few hundred thousand objects: the collector looks through all there are, again and again
    while they are made, and everybody else in the process stands still meanwhile.
    """
    global _makers
    with _lock:
        _makers += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _makers -= 1
            if not _makers:
                gc.enable()

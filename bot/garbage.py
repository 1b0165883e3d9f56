"""When Python does not look for garbage: while much is made at one go, and in what is there for good."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# After how many new objects it is looked among the new ones, and after how many looks among those a generation older.
# Python's own 700 are for a process that holds next to nothing.
LOOK_AFTER = (10_000, 10, 10)

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


def keep_what_is_there() -> None:
    """All that has been made so far stays as long as the process does: it is not looked through for garbage again.

    At the end of its start the bot holds half a million objects. To look through them takes a processor 130 ms, every
    few seconds of a storm, and pages wait meanwhile. Once they are left out the collector believes that little is
    alive, and would look through the rest all the time (pages in a storm left twice as late): hence LOOK_AFTER.
    """
    gc.freeze()
    gc.set_threshold(*LOOK_AFTER)

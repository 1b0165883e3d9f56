"""Garbage collection: off while many objects are made at once, and never over those that stay for good."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Thresholds: new objects before a collection, and collections before the next older generation. Python's default of 700
# suits a process with few objects.
LOOK_AFTER = (10_000, 10, 10)

_lock = threading.Lock()
_makers = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Disables garbage collection within the block, in all threads; blocks may overlap.

    A megabyte of JSON can be a few hundred thousand objects: while they are made, the collector scans all of them again
    and again, and everything else in the process stands still.
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
    """Exclude all existing objects from garbage collection for the life of the process.

    After its start the bot holds half a million objects. Scanning them takes 130 ms of CPU every few seconds of a
    storm, while pages wait. Without them the collector sees few live objects and would scan the rest constantly (pages
    in a storm left twice as late): hence LOOK_AFTER.
    """
    gc.freeze()
    gc.set_threshold(*LOOK_AFTER)

"""Garbage collection doesn't run while many objects are created at once, nor over objects that stay."""

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from bot.garbage import uncollected
from bot.sources._shapes import read_json
from bot.sources._templated import fields_of
from bot.wire.answers import Answer

LISTS = b"[" + b"[]," * 50_000 + b"[]]"


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """One entry per garbage collection."""
    seen: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(phase)

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


@pytest.mark.parametrize(
    "read",
    [
        lambda: read_json(LISTS),
        lambda: fields_of(b'{"a": ' + LISTS + b"}", ["a"]),
        lambda: Answer(200, {}, b'{"a": ' + LISTS + b"}").json,
    ],
)
def test_reading_a_large_body_triggers_no_garbage_collection(
    read: Callable[[], object], collections: list[str]
) -> None:
    read()
    # It may run once at the end of the block.
    assert len(collections) <= 1


def test_garbage_collection_resumes_after_the_last_block_even_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()


def test_objects_from_startup_are_never_scanned_again_and_later_garbage_is_found() -> None:
    looked_through, found = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, check=True).stdout.split()
    assert int(looked_through) < 1_000
    assert found == b"True"


KEPT = """
import gc, weakref
from bot.garbage import keep_what_is_there

class Thing:
    pass

there = [[] for _ in range(100_000)]
keep_what_is_there()
print(len(gc.get_objects()))
lost = Thing()
lost.itself = lost
seen = weakref.ref(lost)
del lost
more = [[] for _ in range(50_000)]
print(seen() is None)
"""

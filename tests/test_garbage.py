"""Nobody looks for garbage while much is made at one go."""

import gc
from collections.abc import Callable, Iterator

import pytest

from bot.garbage import uncollected
from bot.sources._shapes import read_json
from bot.sources._templated import fields_of
from bot.wire.answers import Answer

LISTS = b"[" + b"[]," * 50_000 + b"[]]"


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """One for each time that somebody has looked."""
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
def test_reading_a_large_body_is_not_held_up_by_it(read: Callable[[], object], collections: list[str]) -> None:
    read()
    # At the end of the block it may look once.
    assert len(collections) <= 1


def test_it_is_looked_for_again_when_the_last_block_is_left_whatever_happens_in_it() -> None:
    with pytest.raises(ValueError, match="x"), uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()

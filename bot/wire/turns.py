"""Whose turn it is, where the other side limits our rate: whoever sends asks right before it does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _let() -> None:
    pass


_must_have_turn: ContextVar[Callable[[], None]] = ContextVar("must_have_turn", default=_let)


@contextmanager
def in_turn(must_have_turn: Callable[[], None]) -> Iterator[None]:
    """Within the block nothing is sent once `must_have_turn` raises Held."""
    token = _must_have_turn.set(must_have_turn)
    try:
        yield
    finally:
        _must_have_turn.reset(token)


def must_have_its_turn() -> None:
    """Raises Held when another one has to get through first."""
    _must_have_turn.get()()

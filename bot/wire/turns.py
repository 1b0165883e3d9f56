"""Rate limits of the other side: a sender asks for its turn right before it sends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _let() -> None:
    pass


_must_have_turn: ContextVar[Callable[[], None]] = ContextVar("must_have_turn", default=_let)


@contextmanager
def in_turn(must_have_turn: Callable[[], None]) -> Iterator[None]:
    """Within the block, nothing is sent when `must_have_turn` raises Held."""
    token = _must_have_turn.set(must_have_turn)
    try:
        yield
    finally:
        _must_have_turn.reset(token)


def must_have_its_turn() -> None:
    """Raises Held when a probe has to get through first."""
    _must_have_turn.get()()

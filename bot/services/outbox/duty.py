"""Whether this process works on what is due, or leaves that to others."""

from collections.abc import Callable


class Duty:
    """On between `begin` and `end`, as long as the schema is one that this version knows."""

    def __init__(self, knows_schema: Callable[[], bool]) -> None:
        self._knows_schema = knows_schema
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._begun = False

    @property
    def is_on(self) -> bool:
        return self._begun and self._knows_schema()

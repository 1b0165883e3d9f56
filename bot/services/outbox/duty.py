"""Whether this process works on what is due, or leaves that to others."""


class Duty:
    """On between `begin` and `end`, but not while there is a reason to suspend it."""

    def __init__(self) -> None:
        self._begun = False
        self._suspended_by: set[str] = set()

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._begun = False

    def suspend(self, reason: str) -> None:
        """Until `resume` with the same reason; others go on suspending. May be called twice."""
        self._suspended_by.add(reason)

    def resume(self, reason: str) -> None:
        """Also when nothing was suspended for that reason."""
        self._suspended_by.discard(reason)

    @property
    def is_suspended(self) -> bool:
        return bool(self._suspended_by)

    @property
    def is_on(self) -> bool:
        return self._begun and not self.is_suspended

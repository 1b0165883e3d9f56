"""Whether this process takes on due work or leaves it to the others."""


class Duty:
    """On from `begin` to `end`, except while at least one reason suspends it."""

    def __init__(self) -> None:
        self._begun = False
        self._suspended_by: set[str] = set()

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._begun = False

    def suspend(self, reason: str) -> None:
        """Suspend for this reason until `resume` with the same one; other reasons are independent. Idempotent."""
        self._suspended_by.add(reason)

    def resume(self, reason: str) -> None:
        """Lift this reason; does nothing if it was not suspended for it."""
        self._suspended_by.discard(reason)

    @property
    def is_suspended(self) -> bool:
        return bool(self._suspended_by)

    @property
    def is_on(self) -> bool:
        return self._begun and not self.is_suspended

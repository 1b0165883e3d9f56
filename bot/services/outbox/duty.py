"""Whether this process works on what is due, or leaves that to others."""


class Duty:
    """On between `begin` and `end`, but not while it is suspended."""

    def __init__(self) -> None:
        self._begun = False
        self._suspended = False

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._begun = False

    def suspend(self) -> None:
        """Until `resume`: somebody else has to do the work. May be called twice."""
        self._suspended = True

    def resume(self) -> None:
        self._suspended = False

    @property
    def is_on(self) -> bool:
        return self._begun and not self._suspended

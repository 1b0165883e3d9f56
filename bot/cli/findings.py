"""The doctor's findings, one line each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that works, or, if `fix` isn't empty, something that is broken and what to do about it."""

    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"✗ {self.what}. {self.fix}" if self.fix else f"✓ {self.what}"

"""What the doctor finds, each in a line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that was proved, or (`mend` is not empty) something that is broken and what to do about it."""

    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"✗ {self.what}. {self.mend}" if self.mend else f"✓ {self.what}"

"""What the bot accepts as proof that recurring work was done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from bot.domain.errors import Refused

ProofKind = Literal["backup", "drill", "health", "rehearsal", "test_page", "contacts"]
KINDS: tuple[ProofKind, ...] = get_args(ProofKind)
# Kinds that can name a single thing.
NAMEABLE: tuple[ProofKind, ...] = ("backup", "drill", "health", "test_page")


@dataclass(frozen=True)
class Proof:
    """Written `backup`, or `backup/orders` for a single one. `of` None: every backup or check; any test page or
    rehearsal; the contacts of everybody who is paged."""

    kind: ProofKind
    of: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.of}" if self.of else self.kind

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Parse the runbook's spelling. Raises Refused."""
        head, slash, of = text.strip().partition("/")
        for kind in KINDS:
            if kind == head and not slash:
                return cls(kind)
            if kind == head and of and kind in NAMEABLE:
                return cls(kind, of)
        raise Refused(f"“{text}” proves nothing: say one of {', '.join(KINDS)}, or for example backup/orders")


@dataclass(frozen=True)
class Evidence:
    """`at`: when it was complete."""

    said: str
    at: datetime

"""What a round of the alarm clock has to say when it has looked for what is due."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Look:
    """`done`: so many rows. `more_is_due`: at once. `due_at`: when the next row is, where no more is due."""

    done: int
    more_is_due: bool
    due_at: datetime | None

"""What a round of the alarm clock found when it looked for due rows."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Look:
    """`done`: rows handled. `more_is_due`: look again at once. `due_at`: when the next row is due, if no more is."""

    done: int
    more_is_due: bool
    due_at: datetime | None

"""The runbook file: what an organisation wrote down, checked and ready to be asked.

`load` reads a file in five steps, each a module: `document` (YAML to plain values with their lines), `substitution`
(`${NAME}` from the environment), `models` (shapes; its parts are in `people`, `severities`, `health` ...),
`references` (every name means something) and `rules` (what goes together). Each collects all its `mistakes`.
"""

from bot.runbook.addresses import Dsn
from bot.runbook.durations import duration_read, format_duration, parse_duration, spoken_duration
from bot.runbook.loading import load, read
from bot.runbook.mistakes import Mistake, RunbookMistakes
from bot.runbook.models import Runbook
from bot.runbook.people import Person, Schedule, Tier
from bot.runbook.severities import Severity

__all__ = [
    "Dsn",
    "Mistake",
    "Person",
    "Runbook",
    "RunbookMistakes",
    "Schedule",
    "Severity",
    "Tier",
    "duration_read",
    "format_duration",
    "load",
    "parse_duration",
    "read",
    "spoken_duration",
]

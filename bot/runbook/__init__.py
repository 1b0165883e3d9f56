"""The runbook file: an organisation's rules, validated and ready for use.

`load` reads a file in five steps, each a module: `document` (YAML to plain values with their lines), `substitution`
(`${NAME}` from the environment), `models` (shapes; its parts are in `people`, `severities`, `health` ...), `references`
(every name refers to something) and `rules` (what is consistent). Each collects all `mistakes` it finds.
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

"""The output of `tocsin check`."""

from bot.runbook.mistakes import RunbookMistakes
from bot.runbook.models import Runbook

ONE = {"people": "person", "severities": "severity"}


def of_mistakes(error: RunbookMistakes) -> str:
    """One line per mistake, as editors and CI systems parse it: `runbook.yml:42: severities[0].escalaton: …`."""
    count = len(error.mistakes)
    return f"{error}\n{count} mistake{'' if count == 1 else 's'} in {error.name}."


def of_runbook(runbook: Runbook, name: str) -> str:
    """A count of each part, so that people notice what is missing by accident."""
    counts = {
        "people": len(runbook.people),
        "schedules": len(runbook.schedules),
        "tiers": len(runbook.tiers),
        "severities": len(runbook.severities),
        "audiences": len(runbook.audiences),
        "checks": len(runbook.health.checks),
        "backups": len(runbook.backups),
        "alert rules": len(runbook.alerts.rules),
        "procedures": len(runbook.procedures),
        "maintenance tasks": len(runbook.maintenance.tasks),
    }
    parts = ", ".join(_counted(number, what) for what, number in counts.items())
    return f"{name} is in order for {runbook.organisation}: {parts}"


def _counted(number: int, what: str) -> str:
    if number != 1:
        return f"{number} {what}"
    return f"1 {ONE.get(what, what.removesuffix('s'))}"

"""Warnings about valid procedures: unreachable steps, placeholders that nothing fills in, overdue reviews."""

from collections.abc import Iterator
from datetime import date

from bot.domain.procedures.commands import to_be_filled
from bot.domain.procedures.leads import unreached
from bot.runbook.models import Runbook
from bot.runbook.procedures import Procedure

# Placeholders that every incident can fill in.
ALWAYS_KNOWN = ("incident", "severity")


def procedure_cautions(runbook: Runbook, today: date | None) -> Iterator[str]:
    """One line each, with its path. `today` None: unknown here, so reviews aren't checked."""
    for one in runbook.procedures.values():
        path = f"procedures.{one.key}"
        for index in unreached([step.to_do for step in one.steps], runbook.procedures):
            yield f"{path}.steps[{index}]: every answer before it leads elsewhere, so nobody gets to this step"
        if not _is_named(runbook, one):
            yield from _unfilled(path, one)
    for one in due_for_review(runbook, today) if today else ():
        yield f"procedures.{one.key}.review_by: was due for review by {one.review_by}: read it, then set a new date"


def due_for_review(runbook: Runbook, today: date) -> list[Procedure]:
    """Oldest date first."""
    due = [one for one in runbook.procedures.values() if one.review_by and one.review_by < today]
    return sorted(due, key=lambda one: one.review_by or today)


def _is_named(runbook: Runbook, procedure: Procedure) -> bool:
    """Can an alert, whose labels fill in placeholders, lead to it?"""
    return bool(procedure.alerts) or any(rule.procedure == procedure.key for rule in runbook.alerts.rules)


def _unfilled(path: str, procedure: Procedure) -> Iterator[str]:
    for index, step in enumerate(procedure.steps):
        names = [one for one in to_be_filled(step.run or "") if one.strip("{} ") not in ALWAYS_KNOWN]
        if names:
            yield (
                f"{path}.steps[{index}].run: {', '.join(names)} is filled in from an alert's labels, and no rule or "
                "`alerts` leads here: name it in one, or say <...> for what people fill in"
            )

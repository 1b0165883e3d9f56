"""Warnings about a valid runbook: people may do more than it seems, or something can't be undone."""

from collections.abc import Iterator
from datetime import date

from bot.runbook.addresses import PostgresqlUrl
from bot.runbook.backups import PostgresqlBackup
from bot.runbook.durations import format_duration
from bot.runbook.models import Deed, Runbook
from bot.runbook.people import Person, Who
from bot.runbook.procedure_cautions import procedure_cautions

# Sends data out, or replaces a database.
DANGEROUS: tuple[Deed, ...] = ("backup.restore", "audience.approve")


def cautions(runbook: Runbook, own_database: str | None, *, today: date | None = None) -> list[str]:
    """One line each, with its path. `own_database`: the address of Tocsin's own database; None if not known here."""
    return [
        *_covered_rights(runbook),
        *_own_database(runbook, own_database),
        *_published_reports(runbook),
        *procedure_cautions(runbook, today),
        *_slow_tiers(runbook),
        *_shared_telephones(runbook),
        *_asked_too_often(runbook),
    ]


def _covered_rights(runbook: Runbook) -> Iterator[str]:
    if "schedule.cover" in runbook.permissions:
        return
    for deed in DANGEROUS:
        schedules = [key for entry in runbook.permissions.get(deed, ()) for key in _schedules(runbook, entry)]
        if schedules:
            names = ", ".join(dict.fromkeys(schedules))
            yield (
                f"permissions.{deed}: anyone on {names} may do this, and anybody may hand a shift of it to anybody "
                "it names: add schedule.cover to permissions"
            )


def _schedules(runbook: Runbook, entry: Who) -> list[str]:
    if entry.kind == "tier":
        return [key for member in runbook.tiers[entry.key].who for key in _schedules(runbook, member)]
    return [entry.key] if entry.kind == "schedule" else []


def _own_database(runbook: Runbook, own_database: str | None) -> Iterator[str]:
    if own_database is None:
        return
    own = PostgresqlUrl(own_database).place()
    for backup in runbook.backups.values():
        if isinstance(backup, PostgresqlBackup) and backup.target.place(backup.database_name) == own:
            yield (
                f"backups.{backup.key}: this is Tocsin's own database. It is backed up and drilled, and restored from "
                "a shell, never from Slack: docs/recovery.md"
            )


def _published_reports(runbook: Runbook) -> Iterator[str]:
    if runbook.reports is None or runbook.reports.declare is None:
        return
    severity = runbook.severity(runbook.reports.declare)
    told = [key for key in severity.tell if runbook.audiences[key].automatic and not runbook.audiences[key].approval]
    if told:
        yield (
            f"reports.declare: the first line of a report is the incident's title, and {', '.join(told)} would read it "
            f"at once: give them approval, or declare a severity that does not tell them"
        )


def _slow_tiers(runbook: Runbook) -> Iterator[str]:
    for tier in runbook.tiers.values():
        if first := min(tier.waits.values()):
            yield (
                f"tiers.{tier.key}.via: every way waits, so nobody is paged before {format_duration(first)} have "
                "passed: let one of them be used at once"
            )


def _shared_telephones(runbook: Runbook) -> Iterator[str]:
    having: dict[str, list[Person]] = {}
    for person in runbook.people.values():
        if person.phone:
            having.setdefault(person.phone, []).append(person)
    for phone, sharing in having.items():
        if len(sharing) > 1:
            names = f"{', '.join(one.name for one in sharing[:-1])} and {sharing[-1].name}"
            yield (
                f"people.{sharing[-1].key}.phone: {names} share {phone}. A text answered there counts as from the one "
                "who was paged last, and STOP ends the texts to all of them: give each their own number"
            )


def _asked_too_often(runbook: Runbook) -> Iterator[str]:
    for number, task in enumerate(runbook.maintenance.tasks):
        if task.proved_by and task.proved_by.kind == "contacts" and task.every in ("day", "week"):
            yield (
                f"maintenance.tasks[{number}]: everybody gets a test page by each of their ways every {task.every}: "
                "once a quarter is enough"
            )

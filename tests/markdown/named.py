"""Collects the names and numbers in a runbook that people would use, by kind."""

from collections.abc import Iterator
from datetime import timedelta

from bot.runbook import Runbook
from bot.runbook.durations import format_duration

Names = dict[str, set[str]]


def names_in(runbook: Runbook) -> Names:
    return {
        "severities": set(_severities(runbook)),
        "examples": {f"{one.id}: {words}" for one in runbook.severities for words in one.examples},
        "times": set(_times(runbook)),
        "contacts": {one.email for one in runbook.people.values() if one.email},
        "suppliers": {one.email or one.name for one in runbook.providers.values()},
        "channels": {f"{key} {value}" for key, value in runbook.channels.model_dump(exclude_unset=True).items()},
        "escalation": set(_steps(runbook)),
        "objectives": {
            f"{one.scenario}: {one.severity or '?'}, {_span(one.rto)}, {_span(one.rpo)}" for one in runbook.objectives
        },
        "health": set(_health(runbook)),
        "backups": set(_backups(runbook)),
        "alerts": {str(dict(one.match)) for one in runbook.alerts.rules},
        "procedures": {one.title for one in runbook.procedures.values()},
        "symptoms": {f"{one.title}: {words}" for one in runbook.procedures.values() for words in one.symptoms},
        "lists": set(_lists(runbook)),
        "templates": {one.template for one in runbook.audiences.values() if one.template},
        "the end": set(_end(runbook)),
        "upkeep": {f"{one.every}: {one.do}" for one in runbook.maintenance.tasks}
        | {f"notice {_span(runbook.maintenance.notice)}"} - {"notice -"},
    }


def missing(those: Names, from_these: Names) -> Names:
    """The names in `those` that aren't in `from_these`, ignoring case."""
    found = {
        kind: {name for name in names if name.casefold() not in {one.casefold() for one in from_these[kind]}}
        for kind, names in those.items()
    }
    return {kind: names for kind, names in found.items() if names}


def _severities(runbook: Runbook) -> Iterator[str]:
    for one in runbook.severities:
        yield f"{one.id} {one.name}"
        if one.means:
            yield f"{one.id} means {one.means}"


def _times(runbook: Runbook) -> Iterator[str]:
    for one in runbook.severities:
        for word in ("respond_within", "resolve_within", "update_every"):
            if span := getattr(one, word):
                yield f"{one.id} {word} {_span(span)}"


def _steps(runbook: Runbook) -> Iterator[str]:
    for one in runbook.severities:
        for number, step in enumerate(one.escalation.steps, start=1):
            yield f"{one.id} {number}. {runbook.tiers[step.page].name} {_span(step.wait)}"


def _health(runbook: Runbook) -> Iterator[str]:
    if "every" in runbook.health.model_fields_set:
        yield f"every {_span(runbook.health.every)}"
    if runbook.health.availability:
        yield f"availability {runbook.health.availability:g}%"
    for key, check in runbook.health.checks.items():
        yield f"{check.kind} {key}"
        for limit in ("slow", "connections_below", "used_below"):
            if limit in check.model_fields_set:
                value = getattr(check, limit)
                yield f"{key} {limit} {_span(value) if isinstance(value, timedelta) else f'{value:g}%'}"


def _backups(runbook: Runbook) -> Iterator[str]:
    for one in runbook.backups.values():
        yield one.kind
        for word in ("at", "keep", "to", "rpo", "rto", "drill"):
            if word in one.model_fields_set and (value := getattr(one, word)) is not None:
                yield f"{word} {_span(value) if isinstance(value, timedelta) else value}"


def _lists(runbook: Runbook) -> Iterator[str]:
    for name in ("triage", "verification", "aftercare"):
        for one in getattr(runbook.checklists, name):
            yield f"{name}: {one.do}" + (f", {_span(one.within)}" if one.within else "")


def _end(runbook: Runbook) -> Iterator[str]:
    for word in ("schedule_within", "draft_within", "review_within"):
        if word in runbook.postmortem.model_fields_set:
            yield f"{word} {_span(getattr(runbook.postmortem, word))}"
    for words in runbook.postmortem.also_for:
        yield f"also for {words}"
    for one in runbook.severities:
        if "postmortem" in one.model_fields_set:
            owed = one.postmortem
            yield f"{one.id} post-mortem {owed if isinstance(owed, str) else f'longer than {_span(owed.longer_than)}'}"
    if runbook.after_resolution.watch_for:
        yield f"watched for {_span(runbook.after_resolution.watch_for)}"
    if runbook.after_resolution.all_clear:
        yield "all clear"


def _span(span: object) -> str:
    return format_duration(span) if isinstance(span, timedelta) else str(span) if span else "-"

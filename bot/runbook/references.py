"""Checks that names refer to something: people, tiers, severities … mentioned in other parts of the file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from bot.domain.tasks.proof import ProofKind
from bot.runbook.mistakes import Path, RawMistake, advice

Kind = Literal["person", "schedule", "tier", "severity", "audience", "procedure", "check", "backup"]

GROUPS: Mapping[Kind, str] = {
    "person": "people",
    "schedule": "schedules",
    "tier": "tiers",
    "audience": "audiences",
    "procedure": "procedures",
    "check": "health.checks",
    "backup": "backups",
}

# Where a bare name is used, and the kind of what it refers to.
PLAIN: tuple[tuple[str, Kind], ...] = (
    ("default_severity", "severity"),
    ("schedules.*.people[]", "person"),
    ("severities[].escalation.steps[].page", "tier"),
    ("severities[].tell[]", "audience"),
    ("objectives[].severity", "severity"),
    ("health.checks.*.declare", "severity"),
    ("health.checks.*.procedure", "procedure"),
    ("alerts.rules[].declare", "severity"),
    ("alerts.rules[].procedure", "procedure"),
    ("reports.declare", "severity"),
    ("procedures.*.severity", "severity"),
    ("procedures.*.steps[].check", "check"),
)

# Where a text begins with a name.
FIRST_WORD: tuple[tuple[str, Kind], ...] = (("procedures.*.steps[].backup", "backup"),)

# Where people are named, and in which forms: `ada`, `schedule/primary`, `tier/lead`.
SOMEBODY: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("tiers.*.who[]", ("person", "schedule")),
    ("permissions.*[]", ("person", "schedule", "tier")),
    ("procedures.*.steps[].approve", ("person", "schedule", "tier")),
)

# For each proof of a recurring task: the kind of thing it refers to.
PROOFS: Mapping[ProofKind, Kind] = {"backup": "backup", "drill": "backup", "health": "check", "test_page": "person"}


def unknown_names(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Every name that doesn't resolve. The content may be invalid otherwise; that is reported elsewhere."""
    known = {kind: names_of(content, kind) for kind in (*GROUPS, "severity")}
    for pattern, kind in (*PLAIN, *FIRST_WORD):
        for path, text in found_at(content, pattern):
            name = text.split(" ", 1)[0] if (pattern, kind) in FIRST_WORD else text
            if not _is_known(name, known[kind], kind):
                yield RawMistake(path, f"there is no {kind} “{name}”: {advice(name, known[kind])}")
    for pattern, kinds in SOMEBODY:
        for path, name in found_at(content, pattern):
            yield from (RawMistake(path, message) for message in _wrong_with(name, kinds, known))
    for path, text in found_at(content, "maintenance.tasks[].proved_by"):
        yield from (RawMistake(path, message) for message in _unproved(text, known))


def names_of(content: Mapping[str, Any], kind: Kind) -> list[str]:
    if kind == "severity":
        return [name for _, name in found_at(content, "severities[].id")]
    group: Any = content
    for part in GROUPS[kind].split("."):
        group = group.get(part) if isinstance(group, dict) else None
    return list(group) if isinstance(group, dict) else []


def found_at(content: object, pattern: str) -> Iterator[tuple[Path, str]]:
    """Every text at a pattern such as `tiers.*.who[]`: `*` is each entry of a group, `[]` each item of a list."""
    steps = pattern.replace("[]", ".[]").split(".")
    yield from ((path, value) for path, value in _reached(content, steps, ()) if isinstance(value, str))


def _reached(value: object, steps: Sequence[str], path: Path) -> Iterator[tuple[Path, object]]:
    if not steps:
        yield path, value
        return
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _reached(item, rest, (*path, index))
    elif step == "*" and isinstance(value, dict):
        for key, item in value.items():
            yield from _reached(item, rest, (*path, key))
    elif isinstance(value, dict) and step in value:
        yield from _reached(value[step], rest, (*path, step))


def _is_known(name: str, known: Sequence[str], kind: Kind) -> bool:
    if kind == "severity":
        return name.lower() in [one.lower() for one in known]
    return name in known


def _wrong_with(name: str, kinds: Sequence[Kind], known: Mapping[Kind, list[str]]) -> Iterator[str]:
    head, slash, key = name.partition("/")
    if slash:
        yield from _wrong_with_prefixed(head, key, kinds, known)
    elif name not in known["person"]:
        yield _advice_for_bare(name, kinds, known)


def _wrong_with_prefixed(head: str, key: str, kinds: Sequence[Kind], known: Mapping[Kind, list[str]]) -> Iterator[str]:
    # Any other prefix is reported as a wrong shape.
    for kind in ("schedule", "tier"):
        if head != kind:
            continue
        if kind not in kinds:
            yield f"names a {kind}, but only people and schedules can stand here"
        elif key not in known[kind]:
            yield f"there is no {kind} “{key}”: {advice(key, known[kind])}"


def _advice_for_bare(name: str, kinds: Sequence[Kind], known: Mapping[Kind, list[str]]) -> str:
    for kind in kinds:
        if kind != "person" and name in known[kind]:
            return f"“{name}” is a {kind}: write {kind}/{name}"
    return f"there is no person “{name}”: {advice(name, known['person'])}"


def _unproved(text: str, known: Mapping[Kind, list[str]]) -> Iterator[str]:
    head, _, name = text.strip().partition("/")
    # Any other prefix is reported as a wrong shape.
    for proof, kind in PROOFS.items():
        if proof == head and not known[kind]:
            yield f"nothing can prove this: there is no {kind} in this file"
        elif proof == head and name and name not in known[kind]:
            yield f"there is no {kind} “{name}”: {advice(name, known[kind])}"

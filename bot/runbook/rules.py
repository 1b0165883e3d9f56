"""Checks consistency across the whole file."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incidents.deadline import NEXT_BUSINESS_DAY
from bot.domain.procedures.leads import numbered
from bot.runbook.durations import format_duration, parse_duration
from bot.runbook.mistakes import Path, RawMistake
from bot.runbook.references import found_at, names_of
from bot.shipped import shelf

LEAD = "lead"
# The bot's own name in every timeline.
BOT = "tocsin"
COMMANDS = ("incident", "escalate", "health", "backup")

# Entries get a field `key` when they are read; one written in the file would be overwritten.
KEYED = ("people", "providers", "schedules", "tiers", "audiences", "backups", "procedures")
WITHIN = ("health.checks", "alerts.heartbeats", "alerts.sources")
KEYED_WITHIN = tuple(f"{group}.*.key" for group in (*KEYED, *WITHIN))

# The source names of Tocsin's own alerts.
OWN_SOURCES = ("heartbeat", "health", "backup", "system", "report")

# Duplicates would be paged or notified twice. (In a schedule, they give a person more turns.)
LISTED_ONCE = (
    "tiers.*.who[]",
    "severities[].tell[]",
    "audiences.*.email[]",
    "audiences.*.slack[]",
    "alerts.email[]",
    "roles[]",
)

# Settings that need working hours, and the longest promise that counts in them.
NEED_WORKING_HOURS = (
    ("severities[].paged", "working_hours"),
    ("severities[].respond_within", NEXT_BUSINESS_DAY),
    ("severities[].resolve_within", NEXT_BUSINESS_DAY),
)
WORKING_HOURS_EXAMPLE = '{days: [Mon, Tue, Wed, Thu, Fri], from: "09:00", to: "18:00"}'
LONGEST_AT_WORK = timedelta(days=30)


def broken_rules(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Every violation. The content may be invalid otherwise; that is reported elsewhere."""
    yield from _severities_twice(content)
    yield from _listed_twice(content)
    yield from _commands_twice(content)
    yield from _permissions(content)
    yield from _reserved_names(content)
    yield from _pages_alike(content)
    yield from _working_hours(content)
    yield from _lost_answers(content)
    yield from _ways_twice(content)


def _severities_twice(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    seen: set[str] = set()
    for path, id in found_at(content, "severities[].id"):
        if id.lower() in seen:
            yield RawMistake(path, f"“{id}” is the id of another severity already")
        seen.add(id.lower())


def _listed_twice(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    for pattern in LISTED_ONCE:
        seen: set[Path] = set()
        for path, name in found_at(content, pattern):
            if (*path[:-1], name) in seen:
                yield RawMistake(path, f"“{name}” stands in this list twice: keep one of them")
            seen.add((*path[:-1], name))


def _ways_twice(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Also a way that is used at once and again later."""
    tiers = content.get("tiers")
    for key, tier in tiers.items() if isinstance(tiers, dict) else ():
        ways = tier.get("via") if isinstance(tier, dict) else None
        seen: set[object] = set()
        for index, way in enumerate(ways if isinstance(ways, list) else ()):
            name = next(iter(way), None) if isinstance(way, dict) else way
            if not isinstance(name, str):
                continue
            if name in seen:
                path = ("tiers", str(key), "via", index)
                yield RawMistake(path, f"“{name}” stands in this list twice: keep one of them")
            seen.add(name)


def _commands_twice(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    renamed = content.get("slash_commands")
    names = {command: f"/{command}" for command in COMMANDS} | (renamed if isinstance(renamed, dict) else {})
    seen: dict[Any, str] = {}
    for command, name in names.items():
        if isinstance(name, str) and name in seen:
            yield RawMistake(("slash_commands", command), f"{name} is the command for {seen[name]} already")
        elif isinstance(name, str):
            seen[name] = command


def _permissions(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    permissions = content.get("permissions")
    for deed, names in permissions.items() if isinstance(permissions, dict) else ():
        path = ("permissions", deed)
        if names == []:
            yield RawMistake(path, "nobody could do this: name somebody, or remove the line to allow it to everybody")
        elif deed == "backup.restore" and isinstance(names, list) and len(_persons(names, content)) < 2:
            # One person asks for a restore, another has to permit it.
            yield RawMistake(path, "a restore needs two people: the one who asks and another who permits it")


def _persons(names: Iterable[Any], content: Mapping[str, Any]) -> set[str]:
    """Everybody these names may stand for. An unknown name counts as a person; it is reported elsewhere."""
    persons: set[str] = set()
    seen: set[str] = set()
    ahead = [str(name) for name in names]
    while ahead:
        name = ahead.pop()
        # An invalid file may contain cycles, such as a schedule that names itself.
        if name not in seen:
            seen.add(name)
            members = _members(name, content)
            persons |= {_identity(name, content)} if members is None else set()
            ahead += members or []
    return persons


def _identity(name: str, content: Mapping[str, Any]) -> str:
    """Two entries with the same Slack account, or the same email if they have none, are one person."""
    people = content.get("people")
    person = people.get(name) if isinstance(people, dict) else None
    known = (person.get("slack") or person.get("email")) if isinstance(person, dict) else None
    return known.lower() if isinstance(known, str) else name


def _members(name: str, content: Mapping[str, Any]) -> list[str] | None:
    """The members of a tier or schedule; None for a person, and for a name that can't be resolved."""
    kind, _, key = name.partition("/")
    pattern = {"tier": "tiers.*.who[]", "schedule": "schedules.*.people[]"}.get(kind)
    if pattern is None or key not in names_of(content, "tier" if kind == "tier" else "schedule"):
        return None
    return [member for path, member in found_at(content, pattern) if path[1] == key]


def _reserved_names(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    people = content.get("people")
    if isinstance(people, dict) and BOT in people:
        yield RawMistake(("people", BOT), f"“{BOT}” is the bot itself in every timeline: choose another key")
    roles = content.get("roles")
    if isinstance(roles, list) and roles and LEAD not in roles:
        yield RawMistake(("roles",), f"“{LEAD}” is missing: every incident has one")
    for path, _ in found_at(content, "alerts.sources.*.title"):
        if path[2] in (*shelf("sources"), *OWN_SOURCES):
            yield RawMistake(path[:3], f"“{path[2]}” is understood already: remove this entry, or give it another name")
    for pattern in KEYED_WITHIN:
        yield from (
            RawMistake(path, "there is no such key: the entry is called by the key it stands under")
            for path, _ in found_at(content, pattern)
        )


def _pages_alike(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Only the first page is served by the bot; all others have to be written to different places."""
    seen: dict[str, str] = {}
    audiences = content.get("audiences")
    groups = audiences.items() if isinstance(audiences, dict) else []
    pages = [(key, one["page"]) for key, one in groups if isinstance(one, dict) and isinstance(one.get("page"), dict)]
    for key, page in pages:
        path, to = ("audiences", str(key), "page"), str(page.get("to") or "").rstrip("/")
        if not to and key != pages[0][0]:
            yield RawMistake(path, f"only the page of {pages[0][0]} is served: say with `to` where this one is written")
        if to and to in seen:
            yield RawMistake((*path, "to"), f"the page of {seen[to]} is written there already")
        seen.setdefault(to, str(key))


def _lost_answers(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Answers that lead to a step number that doesn't exist."""
    for path, words in found_at(content, "procedures.*.steps[].answers.*"):
        count, step = len(content["procedures"][path[1]]["steps"]), numbered(words)
        if step is not None and not 1 <= step <= count:
            yield RawMistake(path, f"there is no step {step}: the procedure has {count}")


def _working_hours(content: Mapping[str, Any]) -> Iterator[RawMistake]:
    """Settings that need working hours require them; and promises in working hours must not extend over years."""
    if "working_hours" not in content:
        for pattern, word in NEED_WORKING_HOURS:
            for path, said in found_at(content, pattern):
                if said == word:
                    yield RawMistake(path, f"{word} needs working_hours, such as {WORKING_HOURS_EXAMPLE}")
    for index, severity in enumerate(_severities(content)):
        if severity.get("paged") == "working_hours":
            yield from _too_long(("severities", index), severity)


def _severities(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    listed = content.get("severities")
    return (one if isinstance(one, dict) else {} for one in (listed if isinstance(listed, list) else ()))


def _too_long(place: Path, severity: Mapping[str, Any]) -> Iterator[RawMistake]:
    for pattern in ("respond_within", "resolve_within", "update_every", "escalation.steps[].wait"):
        for path, text in found_at(severity, pattern):
            try:
                span = parse_duration(text)
            except Refused:
                continue
            if span > LONGEST_AT_WORK:
                most = format_duration(LONGEST_AT_WORK)
                yield RawMistake((*place, *path), f"“{text}” of working hours is too long: at most {most}")

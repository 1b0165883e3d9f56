"""Writes a draft as YAML, with a comment wherever a person has to fill something in."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from bot.markdown.drafts.draft import TODO, Draft, Note

MOST_LINES = 40
# What YAML 1.1, and so many editors, don't read as text: `Yes` is true, `12:30` a number.
_NOT_TEXT = re.compile(
    r"y|n|yes|no|on|off|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[-+]?0[0-7_]+", re.IGNORECASE
)


class _Representer(SafeRepresenter):
    """Quotes values that YAML versions read differently."""


def _text(representer: Any, value: str) -> Any:
    style = '"' if _NOT_TEXT.fullmatch(value) else None
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Representer.add_representer(str, _text)


def written(draft: Draft, templates: str | None = None) -> str:
    """The whole file; it is valid as far as the draft's values are. `templates`: their folder.

    Anything left out is a comment after the key that it is about, or that precedes it in its document.
    """
    parts: list[str] = ["# A draft, read from documents. Look at everything, and at each TODO first."]
    left: dict[str, list[Note]] = {}
    for note in draft.notes:
        if note.understood is None:
            left.setdefault(note.place, []).append(note)
    for key, value, asks in _sections(draft, templates):
        lines = [f"# {TODO}: {_printable(one)}" for one in (*asks, *draft.asks.get(key, ()))]
        if key == "procedures":
            lines += _procedures(value, left)
        elif value is not None:
            lines.append(_yaml({key: value}))
        lines += _left_out(f"For {key} the" if value is None else "The", left.pop(key, []))
        if lines:
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _procedures(procedures: Mapping[str, Any] | None, left: dict[str, list[Note]]) -> list[str]:
    """Each followed by what its document says besides."""
    lines = ["procedures:"] if procedures else []
    for key, content in (procedures or {}).items():
        one = [_yaml({key: content}), *_left_out("The", left.pop(f"procedures.{key}", []))]
        lines.append(indent("\n".join(one), "  "))
    return lines


def _left_out(who: str, notes: list[Note]) -> list[str]:
    if not notes:
        return []
    return [f"# {who} documents also say:", *(_comment(one) for one in notes)]


def _sections(draft: Draft, templates: str | None) -> Iterator[tuple[str, Any, list[str]]]:
    """Every possible key in file order, with its value (None: nothing known) and its TODOs."""
    name = (draft.title or TODO)[:150]
    yield "organisation", name, ["your organisation's name, as audiences read it; this is the document's title"]
    has_days = any("next business day" in str(one) for one in draft.severities.values())
    asked = ["when people work; a severity says “next business day”"] if has_days else []
    yield "working_hours", {} if has_days else None, asked
    yield "channels", draft.channels or None, []
    yield "people", draft.people or {"somebody": {"name": TODO}}, _asked_people(draft)
    silent = [one["name"] for one in draft.providers.values() if len(one) == 1]
    yield "providers", draft.providers or None, [f"how to reach {name}" for name in silent]
    yield "tiers", *_tiers(draft)
    severities = [{"name": one["id"], **one} for one in sorted(draft.severities.values(), key=lambda one: one["id"])]
    asked = [] if severities else ["your severities, the gravest first"]
    yield "severities", [_ordered(one) for one in severities] or [{"id": "P1", "name": TODO}], asked
    yield "audiences", None, []
    yield "templates", templates, []
    yield from _rest(draft)


def _rest(draft: Draft) -> Iterator[tuple[str, Any, list[str]]]:
    yield "objectives", draft.objectives or None, []
    yield "health", (draft.health | ({"checks": draft.checks} if draft.checks else {})) or None, _asked_health(draft)
    yield "backups", draft.backups or ({} if "backups" in draft.asks else None), []
    yield "alerts", None, []
    yield "procedures", draft.procedures or None, []
    yield "checklists", draft.checklists or None, []
    yield "after_resolution", draft.after_resolution or None, []
    yield "postmortem", draft.postmortem or None, []
    notice = {"notice": draft.notice} if draft.notice else {}
    yield "maintenance", (notice | ({"tasks": draft.tasks} if draft.tasks else {})) or None, []


def _asked_health(draft: Draft) -> list[str]:
    if not draft.checks:
        return []
    return ["the level of each, and what it declares; the documents say only where to look"]


def _asked_people(draft: Draft) -> list[str]:
    if not draft.people:
        return ["who can be paged, with an email address or a telephone number"]
    return [f"how to reach {one['name']}" for one in draft.people.values() if not {"email", "phone"} & set(one)]


def _tiers(draft: Draft) -> tuple[dict[str, Any], list[str]]:
    if not draft.tiers:
        key, name = draft.team or ("oncall", "")
        who = draft.responders or list(draft.people) or ["somebody"]
        asks = ["who is paged first, and who after that; no document says"]
        return {key: ({"name": name} if name else {}) | {"who": who}}, [*asks, *_paged_by_none(draft, who)]
    tiers: dict[str, Any] = {}
    asks = []
    for key, name in draft.tiers.items():
        who = [one for one, person in draft.people.items() if _alike(name, person["name"])]
        tiers[key] = {"name": name[:150], "who": who}
        if not who:
            words = f" The document has: {said}." if (said := draft.tier_words.get(key)) else ""
            asks.append(f"who is “{name}”?{words} Until somebody is named here, this tier is passed over")
    if draft.team and draft.team[0] not in tiers:
        key, name = draft.team
        tiers = {key: {"name": name, "who": draft.responders}} | tiers
        asks.append(f"is “{name}” paged first, as its name says?")
    return tiers, [*asks, *_paged_by_none(draft, [one for tier in tiers.values() for one in tier["who"]])]


def _paged_by_none(draft: Draft, paged: Sequence[str]) -> list[str]:
    names = [one["name"] for key, one in draft.people.items() if key not in paged]
    return [f"who is in no tier, and so never paged: {', '.join(names)}"] if names else []


def _alike(one: str, other: str) -> bool:
    words = [set(re.findall(r"[a-z]+", name.lower())) - {"the", "internal", "external"} for name in (one, other)]
    return bool(words[0]) and bool(words[1]) and (words[0] <= words[1] or words[1] <= words[0])


def _ordered(severity: Mapping[str, Any]) -> dict[str, Any]:
    keys = (
        "id",
        "name",
        "means",
        "examples",
        "respond_within",
        "resolve_within",
        "update_every",
        "escalation",
        "postmortem",
    )
    return {key: severity[key] for key in keys if severity.get(key)}


def _yaml(value: Any) -> str:
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 100
    yaml.sort_base_mapping_type_on_output = False
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().rstrip("\n")


def _comment(note: Note) -> str:
    lines = note.text.split("\n")
    more = [f"... and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    printable = [_printable(line) for line in lines[:MOST_LINES] + more]
    return "\n".join(
        [f"# {note.what or 'The beginning'} ({note.file}:{note.line})", *(f"#   {line}" for line in printable)]
    )


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in line)

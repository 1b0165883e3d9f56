"""Reads tables with runbook content: severities, contacts, escalations, objectives."""

from collections.abc import Callable, Mapping

from bot.markdown.drafts.draft import Draft, Unread
from bot.markdown.drafts.places import Found
from bot.markdown.drafts.values import contact_in, duration_in, listed, severity_in, severity_said
from bot.markdown.outline import Table
from bot.markdown.words import one_line, plain

# Words in its heading by which a column is recognised; the first match wins.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "rto": ("rto", "recovery time"),
    "rpo": ("rpo", "recovery point", "data loss"),
    "after": ("escalate after", "after", "wait"),
    "to": ("escalate to", "next", "then"),
    "first": ("first responder", "responder", "initial"),
    "respond": ("response", "respond", "acknowledge"),
    "resolve": ("resolution", "resolve", "fix"),
    "update": ("update",),
    "severity": ("severity", "level", "priority", "sev"),
    "scenario": ("scenario", "system", "service", "component", "tier"),
    "examples": ("example",),
    "means": ("description", "definition", "meaning", "impact", "means", "criteria"),
    "role": ("role", "title", "function", "team"),
    "name": ("name", "who", "person"),
    "email": ("email", "mail"),
    "phone": ("phone", "mobile", "tel"),
    "contact": ("contact", "reach"),
    "availability": ("availability", "hours", "available"),
}
# Placeholders for a name.
ROW = "its cells name nothing that a runbook has a key for"
NOBODY = ("TBD", "TODO", "N/A", "NONE", "VACANT", "?")
Cells = Mapping[str, str]


def read_table(table: Table, draft: Draft) -> Found | None:
    """Read a table and return what it was understood as; None: nothing known."""
    columns = [_column(head) for head in table.head]
    rows = [dict(zip(columns, (one_line(cell) for cell in row.cells), strict=False)) for row in table.rows]
    for key, kind, needs, read in KINDS:
        if needs <= set(columns):
            unread = [number for number, row in enumerate(rows) if not read(row, draft)]
            if len(unread) == len(rows):
                return None
            draft.unread += [
                Unread(table.rows[number].line, " | ".join(table.rows[number].cells), ROW) for number in unread
            ]
            return Found(key, f"{kind} ({len(rows) - len(unread)} of {len(rows)} rows)")
    return None


def _column(head: str) -> str:
    words = head.lower()
    return next((name for name, signs in COLUMNS.items() if any(sign in words for sign in signs)), words)


def _objective(row: Cells, draft: Draft) -> bool:
    scenario = plain(row.get("scenario", ""))
    spans = {word: span for word in ("rto", "rpo") if (span := duration_in(row.get(word, "")))}
    if scenario and spans:
        severity = severity_in(row.get("severity", ""))
        draft.objectives.append({"scenario": scenario, **({"severity": severity} if severity else {}), **spans})
        if severity:
            draft.severity(severity, severity_said(row["severity"], severity))
    return bool(scenario and spans)


def _escalation(row: Cells, draft: Draft) -> bool:
    id, to = severity_in(row.get("severity", "")), plain(row.get("to", ""))
    if not id or not to:
        return False
    draft.severity(id, {})
    steps = draft.severities[id].setdefault("escalation", {"steps": []})["steps"]
    wait = duration_in(row.get("after", ""))
    first = draft.tier(plain(row["first"])) if row.get("first") else None
    if first and not any(step["page"] == first for step in steps):
        steps.append({"page": first})
    if steps and wait:
        steps[-1]["wait"] = wait
    steps.append({"page": draft.tier(to)})
    return True


def _severity(row: Cells, draft: Draft) -> bool:
    id = severity_in(row["severity"])
    if id is None:
        return False
    said = severity_said(row["severity"], id)
    described = severity_said(row.get("means", ""), id)
    said = {"name": said["name"] or described["name"], "means": said["means"] or described["means"]}
    draft.severity(id, {
        **said,
        "examples": listed(row.get("examples", "")),
        "respond_within": duration_in(row.get("respond", "")),
        "resolve_within": duration_in(row.get("resolve", "")),
        "update_every": duration_in(row.get("update", "")),
    })  # fmt: skip
    return True


def _contact(row: Cells, draft: Draft) -> bool:
    contact = contact_in(" ".join(row.get(word, "") for word in ("contact", "email", "phone")))
    role, own = plain(row.get("role", "")), plain(row.get("name", ""))
    if own.upper() in NOBODY:
        own = ""
    name = f"{own} ({role})" if role and own else role or own
    if not name:
        return False
    if row.get("availability"):
        contact["availability"] = row["availability"]
    draft.person(name, contact)
    return True


KINDS: tuple[tuple[str, str, set[str], Callable[[Cells, Draft], bool]], ...] = (
    ("objectives", "objectives", {"scenario", "rto"}, _objective),
    ("objectives", "objectives", {"scenario", "rpo"}, _objective),
    ("severities", "the escalation of severities", {"severity", "to"}, _escalation),
    ("severities", "severities", {"severity", "respond"}, _severity),
    ("severities", "severities", {"severity", "means"}, _severity),
    ("severities", "severities", {"severity", "examples"}, _severity),
    ("people", "people", {"role", "contact"}, _contact),
    ("people", "people", {"role", "email"}, _contact),
    ("people", "people", {"role", "phone"}, _contact),
    ("people", "people", {"name", "contact"}, _contact),
    ("people", "people", {"name", "email"}, _contact),
    ("people", "people", {"name", "phone"}, _contact),
)

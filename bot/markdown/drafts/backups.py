"""Reads backup policies: when, how long they are kept, and the variable with the address in commands."""

import re
from collections.abc import Sequence
from typing import Any

from bot.markdown.drafts.draft import TODO, Draft
from bot.markdown.drafts.values import duration_in, named
from bot.markdown.outline import Code
from bot.markdown.words import one_line

POLICY = re.compile(r"back-?ups?\b.*\b(?:strategy|policy|policies|features|schedule|retention|plan)\b", re.IGNORECASE)
KEPT = re.compile(r"retention|schedule|daily|hourly|every \d+", re.IGNORECASE)
_CLIENT = re.compile(
    r"\b(?P<client>psql|pg_dump|pg_restore|mongosh|mongodump|mongorestore)\b[^\n]{0,200}?[ =\"']"
    r"\$\{?(?P<name>[A-Z][A-Z0-9_]{2,60})\b"
)
_NAMED = re.compile(r"\bmongo(?:dump|restore)\b[^;|&]{0,300}?\s--db[= ]\"?(?P<name>[\w-]{1,60})")
_FOLDER = re.compile(r"\b(?:cd|find|ls(?: -\w{1,5})?) (?P<folder>/[\w./-]{0,200})(?=\s|$)")
_ONE = re.compile(r"schedule|frequency|retention|compression|verification|recovery|clean-?up|storage", re.IGNORECASE)
_DATABASE = re.compile(r"database|\bdb\b|sql\b|mongo", re.IGNORECASE)
_DAILY = re.compile(r"daily|nightly|every (?:day|night)", re.IGNORECASE)
_OFTENER = re.compile(r"hourly|every \d{1,2} ?(?:h|min)\w*", re.IGNORECASE)
_AT = re.compile(r"\bat (?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s?(?P<half>[ap]m)?\b", re.IGNORECASE)
_KEEP = re.compile(r"retention|retain|\bkeep|\bkept", re.IGNORECASE)
KEY = "database"


def databases_in(code: Code, draft: Draft) -> None:
    """Note the variables from which commands take a database's address, and the names and folders of dumps."""
    for found in _CLIENT.finditer(code.text):
        kind = "mongodb" if found["client"].startswith("mongo") else "postgresql"
        draft.databases[(kind, found["name"])] += 1
    draft.database_names |= {found["name"] for found in _NAMED.finditer(code.text)}
    draft.folders |= {
        found["folder"].rstrip("/") for found in _FOLDER.finditer(code.text) if "backup" in found["folder"]
    }


def read_policy(title: str, lines: Sequence[str], draft: Draft) -> list[str]:
    """Read a policy; returns its lines that aren't about a database. Settings such as `keep` wait for the address."""
    labelled = [(named(line)[0], line) for line in lines]
    one = any(_ONE.fullmatch(label) for label, _ in labelled)
    own = [line for label, line in labelled if one or _DATABASE.search(label)]
    said = "; ".join(one_line(line) for line in own or lines)
    keys: dict[str, Any] = {}
    for line in own:
        keys = _keys(line) | keys
        if often := _OFTENER.search(line):
            draft.ask("backups", f"“{title}” says {often[0].lower()}; Tocsin backs up once a day")
    draft.backups.setdefault(KEY, {"said": f"“{title}” says: {said}"}).update(keys)
    return [line for line in lines if own and line not in own]


def backups_of(draft: Draft) -> dict[str, Any]:
    """The backups, with the address that commands use; without an address none, and the draft asks for it."""
    if KEY not in draft.backups:
        return {}
    keys = dict(draft.backups[KEY])
    said = keys.pop("said")
    for one in draft.objectives:
        if _DATABASE.search(one["scenario"]) or len(draft.objectives) == 1:
            keys |= {word: one[word] for word in ("rpo", "rto") if word in one and word not in keys}
    address = database_of(draft)
    if address is None:
        known = "".join(f", {word}: {value}" for word, value in keys.items())
        draft.ask("backups", f"the address of each database, as {KEY}: {{postgresql: …{known}}}. {said}")
        return {}
    draft.ask("backups", said)
    kind, target = address
    found = {kind: target}
    if kind == "mongodb" and len(draft.database_names) == 1:
        found["database"] = min(draft.database_names)
    if len(draft.folders) == 1:
        found["to"] = min(draft.folders)
    return {KEY: found | keys}


def database_of(draft: Draft) -> tuple[str, str] | None:
    """The database's kind, and as its address the variable that most commands use for it; None if none does."""
    if not draft.databases:
        return None
    ((kind, name), _), *_ = draft.databases.most_common(1)
    draft.ask("backups", f"set {name} where Tocsin runs; the document's commands have the database's address there")
    return kind, f"${{{name}:-{kind}://{TODO}}}"


def _keys(line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = _AT.search(line)
    if at and _DAILY.search(line) and (time := _time(at)):
        found["at"] = time
    if _KEEP.search(line) and (span := duration_in(line)):
        found["keep"] = span
    for word in ("rto", "rpo"):
        if re.search(rf"\b{word}\b", line, re.IGNORECASE) and (span := duration_in(line)):
            found[word] = span
    return found


def _time(found: re.Match[str]) -> str | None:
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), (found["half"] or "").lower()
    if (half and not 1 <= hour <= 12) or hour > 23 or minute > 59:
        return None
    return f"{hour % 12 + (12 if half == 'pm' else 0) if half else hour:02}:{minute:02}"

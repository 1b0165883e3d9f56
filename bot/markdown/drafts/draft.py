"""What has been understood of the documents so far, and what was left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.markdown.words import key_of, one_line

# Begins every comment that asks a person for something.
TODO = "TODO"


@dataclass(frozen=True)
class Note:
    """One line of the report. `understood` None: left out, because of `why`. `line` counts from 1.

    `place`: the key of the runbook it belongs to; `procedures.<key>`: after that procedure.
    """

    file: str
    line: int
    what: str
    understood: str | None = None
    why: str = ""
    text: str = ""
    place: str = ""


class Unread(NamedTuple):
    """An entry that wasn't understood, in a list or table that was."""

    line: int
    text: str
    why: str = "no address or number that could be used is in it"


@dataclass
class Draft:
    """Parts in the runbook's form, by key."""

    title: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    # Text beside a tier's name that isn't a contact: “[if data has leaked]”.
    tier_words: dict[str, str] = field(default_factory=dict)
    # Who is called first, if a heading says so: the tier's key and name, and the keys of its people.
    team: tuple[str, str] | None = None
    responders: list[str] = field(default_factory=list)
    severities: dict[str, dict[str, Any]] = field(default_factory=dict)
    objectives: list[dict[str, Any]] = field(default_factory=list)
    checklists: dict[str, list[Any]] = field(default_factory=dict)
    after_resolution: dict[str, Any] = field(default_factory=dict)
    postmortem: dict[str, Any] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    procedures: dict[str, dict[str, Any]] = field(default_factory=dict)
    # By the name of the shipped template: the texts for its moments.
    templates: dict[str, dict[str, str]] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The required speed of HTTP checks, and the limit for a database's connections.
    slow: str | None = None
    connections_below: str | None = None
    backups: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Variables that commands use for a database's address, each with its kind; and names of databases.
    databases: Counter[tuple[str, str]] = field(default_factory=Counter)
    database_names: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    # How early planned work is announced.
    notice: str | None = None
    notes: list[Note] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    # What a person has to decide before this part can be relied on, by key.
    asks: dict[str, list[str]] = field(default_factory=dict)

    def ask(self, key: str, what: str) -> None:
        known = self.asks.setdefault(key, [])
        if what not in known:
            known.append(what)

    def ask_about_triage(self, title: str) -> None:
        words = f"“{one_line(title)}”" if title.strip(" /") else "a list without a heading"
        self.ask(
            "checklists", f"is {words} for the beginning of an incident? The document doesn't say; it is in triage"
        )

    def tier(self, name: str) -> str:
        """The key of the tier with this name; new tiers are paged after earlier ones."""
        key = _key(name, "tier")
        self.tiers.setdefault(key, name)
        return key

    def person(self, name: str, contact: Mapping[str, Any]) -> str:
        """The person's key. If somebody is mentioned twice, the first details win."""
        key = _key(name, "person")
        known = self.people.setdefault(key, {"name": name})
        for word, value in contact.items():
            known.setdefault(word, value)
        return key

    def responds_first(self, title: str, people: Sequence[str]) -> None:
        if self.team is None and people:
            self.team, self.responders = (_key(title, "tier"), one_line(title)[:150]), list(people)

    def provider(self, role: str, name: str, contact: Mapping[str, Any]) -> None:
        """Add a provider, keyed by its role. A name in brackets is a placeholder, to be asked for."""
        is_named = name and not name.startswith(("[", "<"))
        if name and not is_named:
            self.ask("providers", f"who is “{role}”? The document has {name}")
        self.providers.setdefault(_key(role, "provider"), {"name": name if is_named else role, **contact})

    def severity(self, id: str, said: Mapping[str, Any]) -> None:
        known = self.severities.setdefault(id, {"id": id})
        for word, value in said.items():
            if value:
                known.setdefault(word, value)

    def check(self, name: str, kind: str, target: str) -> str | None:
        """Add a check and return its key; None: the address is already checked."""
        if any(one.get(kind) == target for one in self.checks.values()):
            return None
        host = _key(target.partition("://")[2] or target, "check")
        key = _key(name, "") or host
        if key in self.checks:
            key = host
        self.checks[key] = {kind: target}
        return key

    def procedure(self, title: str, content: Mapping[str, Any]) -> str:
        key = base = _key(title, "procedure")
        number = 2
        while key in self.procedures:
            key, number = f"{base[:70]}-{number}", number + 1
        self.procedures[key] = dict(content)
        return key


def _key(name: str, otherwise: str) -> str:
    return key_of(name.lower().replace(".", "-"))[:60].strip("-") or otherwise

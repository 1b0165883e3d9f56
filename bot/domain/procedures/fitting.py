"""Which procedures fit an incident, best first, with reasons."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

Reason = Literal["rule", "link", "alert", "symptom", "title", "severity"]
# What an alert names is certain; similar words are a guess; the severity alone is the weakest hint.
WEIGHTS: Mapping[Reason, int] = {"rule": 1000, "link": 500, "alert": 300, "title": 10, "symptom": 8, "severity": 3}
MOST_SIGNS = 100
# Too common to mean anything.
NOISE = frozenset(
    """
    a an and are as at be by can cannot down error errors fail failed failing failure failures for from has have in is
    issue issues it no not of off on or our out problem problems slow the to too up very we when with
    """.split()  # noqa: SIM905 - as a list it is a page long
)
WORD = re.compile(r"[^\W_]+")


class Offered(Protocol):
    """A procedure, as needed here."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def symptoms(self) -> Sequence[str]: ...
    @property
    def alerts(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Sign:
    """An alert of the incident. `procedure`: the one its rule names; None: none."""

    title: str
    labels: Mapping[str, str]
    procedure: str | None = None
    runbook_url: str | None = None


@dataclass(frozen=True)
class Why:
    """`said`: the alert's title, the symptom, or the severity."""

    reason: Reason
    said: str


@dataclass(frozen=True)
class Fitting:
    key: str
    score: int
    why: Sequence[Why]


def fitting(procedures: Iterable[Offered], severity: str, words: str, signs: Sequence[Sign]) -> list[Fitting]:
    """Procedures with any reason, best first, ties in file order. `words`: the incident's title and impact."""
    # Thousands of alerts may be alike; each distinct one is enough.
    told = {(sign.title, sign.labels.get("alertname"), sign.procedure, sign.runbook_url): sign for sign in signs}
    found = [_judged(one, severity, _words(words), list(told.values())[:MOST_SIGNS]) for one in procedures]
    return sorted((one for one in found if one.why), key=lambda one: -one.score)


def named_by(sign: Sign, procedures: Mapping[str, Offered]) -> str | None:
    """The key of an alert's procedure: named by its rule, else naming the alert, else linked; None: none."""
    if sign.procedure in procedures:
        return sign.procedure
    own = next((one.key for one in procedures.values() if _is_named(one, sign)), None)
    return own or linked(sign.runbook_url, procedures)


def linked(url: str | None, keys: Iterable[str]) -> str | None:
    """The key a link ends in, as its anchor or file name, with or without extension."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    name = PurePosixPath(unquote(parts.path)).name
    ends = {end.lower() for end in (unquote(parts.fragment), name, PurePosixPath(name).stem) if end}
    return next((key for key in keys if key.lower() in ends), None)


def _judged(one: Offered, severity: str, words: Mapping[str, str], signs: Sequence[Sign]) -> Fitting:
    weighed: list[tuple[Why, int]] = []
    for sign in signs:
        if sign.procedure == one.key:
            weighed.append((Why("rule", sign.title), WEIGHTS["rule"]))
        elif linked(sign.runbook_url, [one.key]):
            weighed.append((Why("link", sign.title), WEIGHTS["link"]))
        elif _is_named(one, sign):
            weighed.append((Why("alert", sign.title), WEIGHTS["alert"]))
    if alike := [words[word] for word in _words(f"{one.title} {one.key}") if word in words]:
        weighed.append((Why("title", ", ".join(alike)), WEIGHTS["title"] * len(alike)))
    for symptom in one.symptoms:
        if alike := [word for word in _words(symptom) if word in words]:
            weighed.append((Why("symptom", symptom), WEIGHTS["symptom"] * len(alike)))
    if one.severity and one.severity.lower() == severity.lower():
        weighed.append((Why("severity", severity), WEIGHTS["severity"]))
    reasons = list(dict.fromkeys(why for why, _ in weighed))
    return Fitting(one.key, sum(weight for _, weight in weighed), reasons)


def _is_named(one: Offered, sign: Sign) -> bool:
    names = [name.lower() for name in (sign.labels.get("alertname"), sign.title) if name]
    return any(fnmatchcase(name, pattern.lower()) for pattern in one.alerts for name in names)


def _words(text: str) -> dict[str, str]:
    """Meaningful words by normalised form: timeout and timeouts are equal."""
    found = (word for word in WORD.findall(text.lower()) if len(word) > 1 and word not in NOISE)
    return {re.sub(r"(?<=\w\w\w)s$", "", word): word for word in found}

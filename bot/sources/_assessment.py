"""Rates the severity of an application error: what it says itself, otherwise by what broke and how much went down."""

import re

# By the error boundary that caught it: how much of the page is lost.
BOUNDARIES = {"global": "critical", "page": "error", "component": "warning"}

# Severity words of applications, translated into those of alerts.
WORDS = {
    "critical": "critical", "fatal": "critical", "emergency": "critical", "panic": "critical", "p0": "critical",
    "high": "error", "error": "error", "major": "error",
    "medium": "warning", "moderate": "warning", "warning": "warning", "warn": "warning", "minor": "warning",
    "low": "info", "info": "info", "notice": "info", "debug": "info",
}  # fmt: skip

TEXT_READ = 500

_LOST = (
    r"(?:refused|unreachable|unavailable|lost|failed|failure|closed|cannot|could not|can't|timed? ?out|down"
    r"|econnrefused)"
)
_DATABASE = r"(?:database|mongo|postgres|mysql|mariadb|prisma|sqlstate|psycopg)"
_PAYMENTS = r"(?:payments?|checkout|stripe|paypal)"
# Gravest first. Each pattern looks no further than about a sentence.
_SIGNS = (
    (
        re.compile(rf"{_DATABASE}\w*\W[^\n]{{0,120}}(?:connect|server selection|network)[^\n]{{0,80}}{_LOST}", re.I),
        "critical",
    ),
    (
        re.compile(rf"{_DATABASE}\w{{0,40}}(?:connection|network|serverselection|initialization)\w{{0,40}}error", re.I),
        "critical",
    ),
    (re.compile(rf"(?:connect\w*|econnrefused)[^\n]{{0,80}}(?:{_DATABASE}|:(?:27017|5432|3306)\b)", re.I), "critical"),
    (
        re.compile(rf"{_PAYMENTS} (?:system|service|provider|gateway|api)[^\n]{{0,40}}{_LOST}", re.I),
        "critical",
    ),
    (
        re.compile(
            r"unauthori[sz]ed|forbidden|csrf|permission denied|access denied|signature (?:mismatch|invalid)", re.I
        ),
        "error",
    ),
)


def severity_word(said: str) -> str:
    """The severity word as rules and levels know it; an unknown word is only lower-cased."""
    word = said.strip().lower()
    return WORDS.get(word, word)


def assessed(text: str, boundary: str) -> str:
    """The severity of an error that doesn't state one. `text`: its type and message; `boundary`: '' if unknown.

    `critical`: the whole page is gone, the database can't be reached, or payments are down. `error`: one page is gone,
    or a refusal that may be an attack. `warning`: everything else; the runbook's rules decide by how often it happens.
    """
    begins = text[:TEXT_READ]
    found = [BOUNDARIES.get(boundary, "warning"), *(severity for sign, severity in _SIGNS if sign.search(begins))]
    return next(word for word in ("critical", "error", "warning") if word in found)

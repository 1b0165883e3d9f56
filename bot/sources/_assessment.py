"""How bad an error of an application is: by its own word, else by what broke and how much around it went with it."""

import re

# Which boundary caught it: how much of the page is gone.
BOUNDARIES = {"global": "critical", "page": "error", "component": "warning"}

# What applications call how bad it is, where that is not what alerts are called.
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
# The gravest first; each looks no further than a sentence.
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
    """As rules and levels know it; a word that nobody knows stays as it is."""
    word = said.strip().lower()
    return WORDS.get(word, word)


def assessed(text: str, boundary: str) -> str:
    """The severity of an error of which nobody said any. `text`: its type and message; `boundary`: '' = none is known.

    `critical`: the whole page is gone, the database cannot be reached, payments are down. `error`: a page of it, or
    something was refused that may be an attack. `warning`: all else; how often it happens is for the rules to say.
    """
    begins = text[:TEXT_READ]
    found = [BOUNDARIES.get(boundary, "warning"), *(severity for sign, severity in _SIGNS if sign.search(begins))]
    return next(word for word in ("critical", "error", "warning") if word in found)

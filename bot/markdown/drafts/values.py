"""Parses durations, contacts and severities as documents write them."""

import re
from typing import Any

from bot.markdown.words import one_line, plain

_SPAN = re.compile(
    r"(?P<count>\d{1,4})\s?-?(?P<unit>weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|s)\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONE = re.compile(r"\+\d[\d ()-]{6,18}\d")
_SEVERITY = re.compile(r"\b(?P<id>(?:P|S|SEV)-?\d)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:(?:step|phase|scenario|priority|part|section)\s(?:\d{1,2}|[A-Z])\s?[.:)–-]|\d{1,2}(?:\.\d{1,2}){0,3}[.:)])\s+(?=\S)",
    re.IGNORECASE,
)
NEXT_DAY = "next business day"


def duration_in(text: str) -> str | None:
    """`15m` for “< 15 min”; the end of a range. None if there is none."""
    if NEXT_DAY in text.lower():
        return NEXT_DAY
    found = list(_SPAN.finditer(text))
    return f"{int(found[-1]['count'])}{found[-1]['unit'][0].lower()}" if found else None


def contact_in(text: str) -> dict[str, Any]:
    """The email address and telephone number in a text; numbers with letters are ignored."""
    email, phone = _EMAIL.search(text), _PHONE.search(text)
    return ({"email": email[0]} if email else {}) | ({"phone": phone[0]} if phone else {})


def severity_in(text: str) -> str | None:
    found = _SEVERITY.search(text)
    return found["id"].upper().replace("-", "") if found else None


def severities_in(text: str) -> list[str]:
    return [found["id"].upper().replace("-", "") for found in _SEVERITY.finditer(text)]


def severity_said(text: str, id: str) -> dict[str, Any]:
    """`name` and `means` from texts such as “P0 - Critical (nothing works)”."""
    words = plain(one_line(re.sub(rf"[(\[]?\b{id[:-1]}-?{id[-1]}\b[)\]]?", "", text, flags=re.IGNORECASE))).lstrip(
        "-–—: "
    )
    name, _, means = words.partition(" - ")
    if not means and "(" in name:
        name, _, means = name.partition("(")
    name, means = (name.strip(" ()") or means.strip(" ()")), means if name.strip(" ()") else ""
    return {"name": name.capitalize() if name.isupper() else name, "means": means.strip(" ()")}


def unnumbered(title: str) -> str:
    """“Roll back” from “Step 2: Roll back (P1)”, because number and severity are recorded elsewhere."""
    bare = _NUMBER.sub("", title, count=1) if _NUMBER.match(title) else title
    before, _, inside = bare.rpartition(" (")
    return before if before and re.fullmatch(r"(?:P|S|SEV)-?\d\)", inside, re.IGNORECASE) else bare


def named(text: str) -> tuple[str, str]:
    """The texts before and after the colon: “Role: address”."""
    name, colon, rest = one_line(text).partition(":")
    return (plain(name), rest.strip()) if colon else ("", one_line(text))


def listed(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]

"""Untrusted text made safe to store and show: one rule for titles, labels, descriptions and names."""

import re
import unicodedata
from collections.abc import Sequence

# Invisible characters that change the writing direction, and the byte-order mark.
TURNING = (
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)
_NO_SIGN = re.compile(f"[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{TURNING}]")
_NO_SIGN_IN_TEXT = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{TURNING}]")


def plain(text: str) -> str:
    """Replace control characters, lone surrogates and direction changes with spaces; keep newlines and tabs."""
    return _NO_SIGN_IN_TEXT.sub(" ", text)


def plain_line(text: str) -> str:
    """`plain` on one line, with single spaces."""
    return " ".join(_NO_SIGN.sub(" ", text).split())


def no_formula(text: str) -> str:
    """Quote what a spreadsheet would take for a formula, for cells of a table."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def shows_nothing(text: str) -> bool:
    """Whether it has no visible character."""
    return all(unicodedata.category(sign) in ("Cf", "Zs", "Mn", "Cn") for sign in text)


def either(names: Sequence[str]) -> str:
    """A list of choices: `P1, P2 or P3`. Needs at least one."""
    return " or ".join(one for one in (", ".join(names[:-1]), names[-1]) if one)


def cut(text: str, length: int) -> str:
    """Cut to `length`, ending in an ellipsis if too long."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"

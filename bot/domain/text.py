"""Text that came from outside, as it may be kept and shown: the one rule for titles, labels, descriptions and names."""

import re
import unicodedata
from collections.abc import Sequence

# What turns the direction of all that is written behind it, or of its neighbours, and a mark that shows nothing.
TURNING = (
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)
_NO_SIGN = re.compile(f"[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{TURNING}]")
_NO_SIGN_IN_TEXT = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{TURNING}]")


def plain(text: str) -> str:
    """Control characters, halves of characters and whatever turns the direction are blanks; lines and tabs stay."""
    return _NO_SIGN_IN_TEXT.sub(" ", text)


def plain_line(text: str) -> str:
    """As `plain`, on one line, its words parted by one blank each."""
    return " ".join(_NO_SIGN.sub(" ", text).split())


def no_formula(text: str) -> str:
    """For a cell of a table: what a spreadsheet would take for a formula is quoted."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def shows_nothing(text: str) -> bool:
    """Is there no sign in it that anybody could see?"""
    return all(unicodedata.category(sign) in ("Cf", "Zs", "Mn", "Cn") for sign in text)


def either(names: Sequence[str]) -> str:
    """As one says what there is to choose: `P1, P2 or P3`. There is one at least."""
    return " or ".join(one for one in (", ".join(names[:-1]), names[-1]) if one)


def cut(text: str, length: int) -> str:
    """With an ellipsis where it is too long."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"

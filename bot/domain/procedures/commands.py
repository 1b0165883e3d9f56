"""Fills in a command's placeholders from an incident's alerts, and lists what is left to whoever copies it.

`{{ host }}` and `<host>` are placeholders. A known value replaces them only if it is harmless anywhere in a shell
command, as alerts are untrusted; any other is listed beside the command. `$HOST` is the shell's own and stays; a known
value for it is listed as well.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# No spaces, quotes or shell characters; nothing that could be an option, an assignment, a parent folder or a whole
# disk; no `@`, which could hide another host's name, and no `--`, which starts a comment in SQL.
HARMLESS = re.compile(r"(?!.*(?:\.\.|--))(?=.*[A-Za-z0-9])[A-Za-z0-9_/][A-Za-z0-9_.:/-]{0,199}", re.ASCII)
BRACES = r"\{\{\s*(?:\$?labels\.|\.Labels\.)?(?P<braces>[A-Za-z_][\w.-]{0,60})\s*\}\}"
# Not `<in >out`, which is shell redirection: only words may be between the brackets.
BRACKETS = r"<(?P<brackets>[A-Za-z](?:[\w .-]{0,60}\w)?)>"
VARIABLE = r"\$(?:(?P<variable>[A-Za-z_]\w{0,60})|\{(?P<braced>[A-Za-z_]\w{0,60})\})"
ANY = re.compile(f"{BRACES}|{BRACKETS}|{VARIABLE}", re.ASCII)
# Keywords of tools such as docker, whose templates use the same braces.
NOT_NAMES = frozenset({"end", "else", "range", "if", "with", "json", "println"})


@dataclass(frozen=True)
class Beside:
    """A placeholder left in the command; `value` None: unknown."""

    written: str
    value: str | None


@dataclass(frozen=True)
class Command:
    """Ready to copy, except for what is `beside` it."""

    text: str
    beside: Sequence[Beside] = ()


def filled(command: str, known: Mapping[str, str]) -> Command:
    """`known`: values by name, ignoring case and the choice of word separator (space, `-`, `_` or `.`)."""
    values = {_named(name): value for name, value in known.items()}
    beside: dict[str, str | None] = {}

    def put(found: re.Match[str]) -> str:
        name = found["braces"] or found["brackets"]
        value = values.get(_named(name or found["variable"] or found["braced"]))
        if name is None:
            if value is not None:
                beside[found[0]] = value
        elif name in NOT_NAMES:
            return found[0]
        elif value is not None and HARMLESS.fullmatch(value):
            return value
        else:
            beside[found[0]] = value
        return found[0]

    text = ANY.sub(put, command)
    return Command(text, [Beside(written, value) for written, value in beside.items()])


def to_be_filled(command: str) -> list[str]:
    """Placeholders in braces, as written: those only an alert's labels can fill."""
    found = (one for one in ANY.finditer(command) if one["braces"] and one["braces"] not in NOT_NAMES)
    return list(dict.fromkeys(one[0] for one in found))


def _named(name: str) -> str:
    return re.sub(r"[ ._-]+", "_", name.strip().lower())

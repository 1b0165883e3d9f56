"""What of a command can be filled in from an incident's alerts, and what is left to whoever copies it.

`{{ host }}` and `<host>` are placeholders. A known value takes their place only when it cannot mean anything to a
shell, wherever it stands: what an alert says comes from outside. Any other is shown beside. `$HOST` is the shell's own
and stays as it is; a known value is shown beside it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# No blank, quote or sign of a shell; nothing that could be an option, an assignment, a way up a folder or a whole disk;
# no `@`, before which another host's name could hide, and no `--`, behind which SQL reads nothing.
HARMLESS = re.compile(r"(?!.*(?:\.\.|--))(?=.*[A-Za-z0-9])[A-Za-z0-9_/][A-Za-z0-9_.:/-]{0,199}", re.ASCII)
BRACES = r"\{\{\s*(?:\$?labels\.|\.Labels\.)?(?P<braces>[A-Za-z_][\w.-]{0,60})\s*\}\}"
# Not `<in >out`, which is a shell's: nothing but the words stands between the brackets.
BRACKETS = r"<(?P<brackets>[A-Za-z](?:[\w .-]{0,60}\w)?)>"
VARIABLE = r"\$(?:(?P<variable>[A-Za-z_]\w{0,60})|\{(?P<braced>[A-Za-z_]\w{0,60})\})"
ANY = re.compile(f"{BRACES}|{BRACKETS}|{VARIABLE}", re.ASCII)
# Words of templates for tools such as docker, in the same braces.
NOT_NAMES = frozenset({"end", "else", "range", "if", "with", "json", "println"})


@dataclass(frozen=True)
class Beside:
    """A placeholder that still stands in the command; `value` None: nobody knows it."""

    written: str
    value: str | None


@dataclass(frozen=True)
class Command:
    """Ready to be copied, but for what is `beside` it."""

    text: str
    beside: Sequence[Beside] = ()


def filled(command: str, known: Mapping[str, str]) -> Command:
    """`known`: values by name; capitals, and whether words are joined by blank, `-`, `_` or `.`, do not matter."""
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
    """The placeholders in braces, as written: those that only an alert's labels can fill."""
    found = (one for one in ANY.finditer(command) if one["braces"] and one["braces"] not in NOT_NAMES)
    return list(dict.fromkeys(one[0] for one in found))


def _named(name: str) -> str:
    return re.sub(r"[ ._-]+", "_", name.strip().lower())

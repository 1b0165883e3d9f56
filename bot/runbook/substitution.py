"""`${NAME}` and `${NAME:-default}` from the environment, in the parts of the file that speak of the outside world."""

import re
from collections.abc import Mapping
from typing import Any

from bot.runbook.mistakes import Path, RawMistake

# Never in procedures: what stands there is text for a shell.
SECTIONS = ("people", "audiences", "health", "backups", "alerts")

_REFERENCE = re.compile(r"\$\{(?P<inside>[^}]*)\}?")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^$]*))?")

# Hiding a value of a letter or two would hide half of every sentence.
SHORTEST_HIDDEN = 4


class Substitution:
    """One pass over the content; afterwards it knows what was found wrong, and which values must not be shown."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._used: dict[str, str] = {}
        self.findings: list[RawMistake] = []

    def applied(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(value, (key,)) if key in SECTIONS else value for key, value in content.items()}

    def hidden(self, sentence: str) -> str:
        """The sentence with every value from the environment written as its variable again."""
        for value in sorted(self._used, key=len, reverse=True):
            sentence = sentence.replace(value, f"${{{self._used[value]}}}")
        return sentence

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, list):
            return [self._value(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return self._group(value, path)
        return value

    def _group(self, group: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """`${PHONE:-}` with no PHONE means that there is none: the key is left out."""
        values = {key: self._value(value, (*path, key)) for key, value in group.items()}
        return {key: value for key, value in values.items() if value != "" or group[key] == ""}

    def _text(self, text: str, path: Path) -> str:
        return _REFERENCE.sub(lambda found: self._replacement(found, path), text)

    def _replacement(self, found: re.Match[str], path: Path) -> str:
        inside = _INSIDE.fullmatch(found["inside"])
        if inside is None or not found[0].endswith("}"):
            self.findings.append(
                RawMistake(path, f"“{found[0]}” cannot be read: write ${{NAME}} or ${{NAME:-default}}")
            )
            return found[0]
        name, default = inside["name"], inside["default"]
        # As in a shell, and as in the settings: empty counts as unset.
        value = self._environ.get(name) or default
        if value is None:
            advice = f"set it, or give it a default: ${{{name}:-…}}"
            self.findings.append(RawMistake(path, f"the environment variable {name} is not set: {advice}"))
            return found[0]
        self._remember(name, value)
        return value

    def _remember(self, name: str, value: str) -> None:
        if self._environ.get(name) and len(value) >= SHORTEST_HIDDEN:
            self._used[value] = name

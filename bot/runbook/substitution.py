"""Replaces `${NAME}` and `${NAME:-default}` with environment variables, in the sections that need them."""

import re
from collections.abc import Mapping
from typing import Any

from bot.runbook.mistakes import Path, RawMistake

# Never in procedures, whose texts are meant for a shell.
SECTIONS = ("people", "audiences", "health", "backups", "alerts")

_REFERENCE = re.compile(r"\$\{(?P<inside>[^}]*)\}?")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^$]*))?")

# Redacting values of a letter or two would ruin every sentence.
SHORTEST_HIDDEN = 4


class Substitution:
    """One pass over the content. Afterwards it has the mistakes it found, and the values that must not be shown."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._used: dict[str, str] = {}
        self.findings: list[RawMistake] = []

    def applied(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(value, (key,)) if key in SECTIONS else value for key, value in content.items()}

    def hidden(self, sentence: str) -> str:
        """The sentence with every value from the environment replaced by its variable."""
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
        """`${PHONE:-}` without PHONE leaves the key out."""
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
        # As in a shell and in the settings, empty counts as unset.
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

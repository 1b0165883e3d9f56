"""A scenario played in a drill: which one a title asks for, and what of it people would hear and when."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.domain.errors import NotFound
from bot.runbook.mistakes import advised, nearest
from bot.scenarios.loading import load
from bot.scenarios.models import Scenario
from bot.scenarios.steps import Step
from bot.shipped import shipped_scenarios

InjectKind = Literal["firing", "resolved", "away", "back", "inject"]
# One word with a hyphen, or a file's name.
LOOKS_LIKE_ONE = re.compile(r"[\w.]+(-[\w.]+)+|\S+\.ya?ml", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """What people are told in a drill, so long after it began: an alert, what is out of order or back, or words."""

    after: timedelta
    kind: InjectKind
    text: str


class Shelf:
    """The scenarios that come with Tocsin, and those of a folder, which come first."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def files(self) -> dict[str, Path]:
        """By name: the file's, without its ending."""
        own = sorted(self._folder.glob("*.y*ml")) if self._folder else []
        return {**shipped_scenarios(), **{path.stem: path for path in own}}

    def asked_for(self, title: str) -> tuple[str, str | None]:
        """The title without its `with <scenario>`, and the scenario's name; None: the title asks for none.

        Raises NotFound for what looks like a scenario's name and is none: near to one, hyphenated, or a file's.
        """
        words = title.split()
        # The last one: a title may have others.
        at = max((number for number, word in enumerate(words[:-1]) if word.lower() == "with"), default=None)
        if at is None:
            return title, None
        files, said = self.files(), " ".join(words[at + 1 :])
        name, known = re.sub(r"\.ya?ml$", "", said.lower().replace(" ", "-")), {one.lower(): one for one in files}
        if name in known:
            return " ".join(words[:at]), known[name]
        if nearest(name, known) or LOOKS_LIKE_ONE.fullmatch(said):
            raise NotFound(
                f"There is no scenario “{said}”. {advised(name, files)} Nothing was declared. If these words belong to "
                "the title, type them into the form instead: `/incident drill`."
            )
        return title, None

    def scenario(self, name: str) -> Scenario:
        """One of `files`. Raises RunbookMistakes with every mistake of its file."""
        return load(self.files()[name]).scenario


def told_in(scenario: Scenario) -> list[Told]:
    """In the order of their times. What people do is left to the people."""
    return sorted(
        (Told(step.at, kind, text) for step in scenario.script for kind, text in _told(step)), key=lambda one: one.after
    )


def _told(step: Step) -> Iterator[tuple[InjectKind, str]]:
    if step.alert:
        yield step.alert.status, ": ".join(filter(None, (step.alert.title, step.alert.description)))
    elif step.away:
        yield "away", step.away
    elif step.back:
        yield "back", step.back
    elif step.inject:
        yield "inject", step.inject

"""From a file to a scenario, or to all of its mistakes at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import ValidationError

from bot.given_files import read_given
from bot.runbook import Runbook
from bot.runbook.document import Document, Expected, read_document
from bot.runbook.mistakes import Mistake, RawMistake, RunbookMistakes, written
from bot.runbook.translation import findings_of
from bot.scenarios.models import Scenario
from bot.scenarios.names import unknown_names

WHOLE = Expected("a scenario", "title", "docs/rehearsals.md shows how one is written")


@dataclass(frozen=True)
class Script:
    """A scenario, and its file. `name` stands for the file in mistakes."""

    scenario: Scenario
    name: str
    document: Document

    def must_fit(self, runbook: Runbook) -> None:
        """Raises RunbookMistakes: a name in it that means nothing in this runbook."""
        if findings := list(unknown_names(self.document.content, runbook)):
            raise RunbookMistakes(_mistakes(findings, self.document), self.name)


def load(path: FilePath) -> Script:
    """Raises RunbookMistakes, with every mistake, also when the file cannot be read."""
    try:
        text = read_given(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise _unreadable(path, "there is no such file") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "is not UTF-8: save the file as UTF-8") from error
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    return read(text, str(path))


def read(text: str, name: str = "scenario.yml") -> Script:
    document = read_document(text, name, WHOLE)
    findings = list(document.findings)
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(document.content)
    except ValidationError as error:
        findings += findings_of(error, document, Scenario)
    if scenario is None or findings:
        raise RunbookMistakes(_mistakes(findings, document), name)
    return Script(scenario, name, document)


def _mistakes(findings: Iterable[RawMistake], document: Document) -> Iterator[Mistake]:
    for path, message, line, _ in findings:
        yield Mistake(written(path), line or document.line_of(path), message)


def _unreadable(path: FilePath, message: str) -> RunbookMistakes:
    return RunbookMistakes([Mistake("", 1, message)], str(path))

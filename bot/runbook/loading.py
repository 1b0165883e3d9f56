"""Loads a runbook file, or reports all of its mistakes at once."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath

from pydantic import ValidationError

from bot.given_files import read_given
from bot.runbook.document import Document, read_document
from bot.runbook.mistakes import Mistake, Path, RawMistake, RunbookMistakes, written
from bot.runbook.models import Runbook
from bot.runbook.procedure_files import add_procedure_files
from bot.runbook.references import unknown_names
from bot.runbook.rules import broken_rules
from bot.runbook.substitution import Substitution
from bot.runbook.translation import findings_of


def load(path: FilePath, environ: Mapping[str, str]) -> Runbook:
    """Load the runbook. Raises RunbookMistakes with every mistake, also if the file can't be read.

    `templates`, `scenarios` and `procedure_files` are relative to the file's folder.
    """
    runbook = read(_text_of(path), environ, str(path), path.parent)
    folders = {"templates": runbook.templates, "scenarios": runbook.scenarios}
    return runbook.model_copy(update={key: str(path.parent / folder) for key, folder in folders.items() if folder})


def read(text: str, environ: Mapping[str, str], name: str = "runbook.yml", folder: FilePath | None = None) -> Runbook:
    """Parse a runbook; `name` stands for the file in mistakes.

    `folder`: where its `procedure_files` are; None: they are ignored.
    """
    document = read_document(text, name)
    if folder is not None:
        add_procedure_files(document, folder)
    substitution = Substitution(environ)
    content = substitution.applied(document.content)
    findings = [*document.findings, *substitution.findings]
    runbook: Runbook | None = None
    try:
        runbook = Runbook.model_validate(content)
    except ValidationError as error:
        findings += findings_of(error, document, Runbook)
    findings += [*unknown_names(content), *broken_rules(content)]
    if runbook is None or findings:
        raise RunbookMistakes(_mistakes(findings, document, substitution), name)
    return runbook


def _mistakes(findings: Iterable[RawMistake], document: Document, substitution: Substitution) -> Iterator[Mistake]:
    """One mistake per place: the first one found has to be fixed first."""
    seen: set[tuple[Path, int, str | None]] = set()
    for path, message, line, file in findings:
        place = (path, line or document.line_of(path), file or document.file_of(path))
        if place not in seen:
            yield Mistake(written(path), place[1], substitution.hidden(message), place[2])
        seen.add(place)


def _text_of(path: FilePath) -> str:
    try:
        raw = read_given(path)
    except FileNotFoundError as error:
        raise _unreadable(path, "there is no such file: `tocsin init` writes one to start from") from error
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, "is not UTF-8 from here on: save the file as UTF-8", line) from error


def _unreadable(path: FilePath, message: str, line: int = 1) -> RunbookMistakes:
    return RunbookMistakes([Mistake("", line, message)], str(path))

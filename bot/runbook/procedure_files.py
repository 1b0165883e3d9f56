"""Finds and reads procedures kept as Markdown beside the runbook, and adds them to the file's procedures."""

import importlib
from collections.abc import Iterator
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any

from bot.given_files import read_given
from bot.runbook.document import Document
from bot.runbook.mistakes import RawMistake

MOST_FILES = 200
MOST_PATTERNS = 20
LARGEST_BYTES = 256 * 1024
# Files in such a folder that aren't procedures.
LEFT_OUT = ("readme", "index")


def add_procedure_files(document: Document, folder: FilePath) -> None:
    """Add each file as a procedure under its own name. Mistakes become findings with file and line."""
    patterns = document.content.get("procedure_files")
    if not isinstance(patterns, list) or not patterns:
        return
    procedures = document.content.setdefault("procedures", {})
    if isinstance(procedures, dict):
        _Adding(document, folder, procedures).all([one for one in patterns if isinstance(one, str)])


class _Adding:
    def __init__(self, document: Document, folder: FilePath, procedures: dict[str, Any]) -> None:
        self._document = document
        self._folder = folder
        self._procedures = procedures
        self._markdown = _markdown_at_start()
        self._seen: set[FilePath] = set()

    def all(self, patterns: list[str]) -> None:
        if len(patterns) > MOST_PATTERNS:
            self._find(("procedure_files",), f"are more than {MOST_PATTERNS} patterns")
            return
        for index, pattern in enumerate(patterns):
            path = ("procedure_files", index)
            files = list(self._files(pattern))
            if not files:
                self._find(path, f"no file matches “{pattern}”, seen from the runbook's folder")
            for file in files:
                self._file(file, path)

    def _files(self, pattern: str) -> Iterator[FilePath]:
        """The matching files, relative to the runbook's folder. Folders are skipped; a pipe is reported as unreadable
        later."""
        try:
            found = sorted(self._folder.glob(pattern))
        except (NotImplementedError, ValueError, OSError):
            return
        for file in found:
            if not file.is_dir() and file.stem.lower() not in LEFT_OUT and not file.name.startswith("."):
                yield file

    def _file(self, file: FilePath, path: tuple[str | int, ...]) -> None:
        if file in self._seen:
            return
        self._seen.add(file)
        if len(self._seen) > MOST_FILES:
            if len(self._seen) == MOST_FILES + 1:
                self._find(path, f"matches more than {MOST_FILES} files")
            return
        text = self._text(file)
        if text is not None:
            self._procedure(str(file), self._markdown.key_of(file.stem), text)

    def _procedure(self, shown: str, key: str, text: str) -> None:
        path = ("procedures", key)
        if not key:
            self._find((), "has a name that cannot be a key: use letters, digits, “-” and “_”", shown)
            return
        if key in self._procedures:
            other = self._document.files.get(path)
            self._find((), f"there is a procedure “{key}” already{f', from {other}' if other else ''}", shown)
            return
        read = self._markdown.read_procedure(text, FilePath(shown).stem)
        self._document.files[path] = shown
        self._document.lines |= {(*path, *inside): line for inside, line in read.lines.items()}
        for line, message in read.mistakes:
            self._find(path, message, shown, line)
        self._procedures[key] = dict(read.content)

    def _text(self, file: FilePath) -> str | None:
        shown = str(file)
        try:
            if not file.is_file():
                self._find((), "isn't a file", shown)
                return None
            raw = read_given(file)
        except OSError as error:
            self._find((), f"cannot be read: {error.strerror}", shown)
            return None
        if len(raw) > LARGEST_BYTES:
            self._find((), f"is too large: at most {LARGEST_BYTES // 1024} KiB", shown)
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._find((), "is not UTF-8 from here on: save the file as UTF-8", shown, line)
            return None

    def _find(
        self, path: tuple[str | int, ...], message: str, file: str | None = None, line: int | None = None
    ) -> None:
        self._document.findings.append(RawMistake(path, message, line or (1 if file else None), file))


def _markdown_at_start() -> ModuleType:
    """Imported only for runbooks that use it: the parser takes as long to load as all the rest of this package."""
    return importlib.import_module("bot.markdown")

"""The file as plain values with their line numbers: YAML 1.2, without any knowledge of runbooks.

It reads YAML's node tree instead of using a constructor, because only the nodes keep the line of every key and all
duplicate keys, and because one invalid value then doesn't hide the next.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from bot.runbook.mistakes import Mistake, Path, RawMistake, RunbookMistakes, kind_of

# Aliases of aliases can expand to more than fits in memory (a "billion laughs" file).
MOST_NODES = 100_000
# Keys and items as written, counted by their punctuation: parsing more would take minutes, and no real file has them.
MOST_ENTRIES = 20_000
_ENTRY = re.compile(r"[:,?](?=\s)|-(?=\s)")
DEEPEST = 30

_TAG = "tag:yaml.org,2002:"


@dataclass
class Document:
    content: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[RawMistake] = field(default_factory=list)
    # By path: the files of parts that are in files of their own.
    files: dict[Path, str] = field(default_factory=dict)

    def file_of(self, path: Path) -> str | None:
        """None: the runbook itself."""
        return next((self.files[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.files), None)

    def line_of(self, path: Path) -> int:
        """The line of this path, or of the nearest enclosing part that has one."""
        return next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 1)

    def holds(self, path: Path) -> bool:
        return path in self.lines


@dataclass(frozen=True)
class Expected:
    """What a file should be: `what` with its article, its typical first key, and advice for an empty file."""

    what: str
    first_key: str
    advice: str


RUNBOOK = Expected("a runbook", "organisation", "`tocsin init` writes one to start from")


def read_document(text: str, name: str, expected: Expected = RUNBOOK) -> Document:
    """Raises RunbookMistakes if it isn't YAML, or isn't a mapping."""
    if sum(1 for _ in islice(_ENTRY.finditer(text), MOST_ENTRIES + 1)) > MOST_ENTRIES:
        raise _refusal(name, 1, f"holds more than {MOST_ENTRIES} keys and items: {expected.what} is not so long")
    root = _compose(text, name)
    document = Document()
    if root is None:
        raise _refusal(name, 1, f"the file is empty: {expected.advice}")
    content = _Unfolding(document).plain(root, ())
    if not isinstance(content, dict):
        raise _refusal(name, 1, f"should begin with a key such as {expected.first_key}:, is {kind_of(content)}")
    document.content = content
    return document


def _compose(text: str, name: str) -> Node | None:
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refusal(name, mark.line + 1 if mark else 1, _said(str(error.problem))) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refusal(name, line, "holds a character that text cannot have: retype this line") from error
    except YAMLError as error:
        raise _refusal(name, 1, "cannot be read as YAML") from error
    except RecursionError as error:
        raise _refusal(name, 1, "is nested too deeply") from error
    return root


def _said(problem: str) -> str:
    if "\\t" in problem:
        return "begins with a tab: YAML is indented with blanks"
    if "another document" in problem:
        return "a second document begins here: keep one in a file, without a line of ---"
    return f"cannot be read as YAML: {problem}"


def _refusal(name: str, line: int, message: str) -> RunbookMistakes:
    return RunbookMistakes([Mistake("", line, message)], name)


class _Unfolding:
    """Converts nodes to values, and notes mistakes on the way."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes_left = MOST_NODES

    def plain(self, node: Node, path: Path) -> Any:
        self._nodes_left -= 1
        if len(path) > DEEPEST or self._nodes_left < 0:
            self._find(path[:3], "is nested too deeply, or an alias holds itself")
            return {}
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        own: set[str] = set()
        for key, value, is_own in self._pairs(node):
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or key.tag not in (f"{_TAG}str", f"{_TAG}timestamp"):
                self._find((*path, _shown(key)), "is not text, and keys are: put it in quotes", line)
            elif is_own and key.value in own:
                self._find((*path, key.value), "stands here twice: keep one of them", line)
            elif key.value not in entries:
                own.update([key.value] if is_own else [])
                self._document.lines.setdefault((*path, key.value), line)
                entries[key.value] = self.plain(value, (*path, key.value))
        return entries

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        match kind:
            case "str" | "timestamp":
                return node.value
            case "bool":
                return node.value.lower() in ("true", "yes", "on")
            case "int" | "float":
                return _number(node.value)
            case "null":
                self._find(
                    path, "is empty: give it a value or remove the line (a value that begins with # needs quotes)"
                )
            case _:
                self._find(path, f"has the tag {node.tag}, which means nothing here: remove it")
        return None

    def _pairs(self, node: MappingNode, depth: int = 0) -> Iterator[tuple[Node, Node, bool]]:
        """Key, value, and whether the key is this mapping's own. Keys merged in with `<<` come last, so that own ones
        win.

        Nested merges can also expand beyond memory, so merged keys count towards the node limit.
        """
        merged: list[Node] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged += value.value if not isinstance(value, MappingNode) else [value]
            else:
                yield key, value, True
        for source in merged:
            if isinstance(source, MappingNode) and depth < DEEPEST and self._nodes_left > 0:
                for key, value, _ in self._pairs(source, depth + 1):
                    self._nodes_left -= 1
                    yield key, value, False

    def _find(self, path: Path, message: str, line: int | None = None) -> None:
        self._document.findings.append(RawMistake(path, message, line))


def _shown(key: Node) -> str:
    return str(key.value) if isinstance(key, ScalarNode) else "?"


def _number(text: str) -> int | float | str:
    # An unquoted telephone number would lose its plus.
    if text.startswith("+"):
        return text
    for read in (int, lambda digits: int(digits, 0), float):
        try:
            return read(text)
        except ValueError:
            continue
    return text

"""Parses front matter: YAML between two lines of `---` at the start of a document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_FENCED = re.compile(r"---[ \t]*\r?\n(?P<inside>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
UNREADABLE = "the lines between --- cannot be read as YAML"


@dataclass(frozen=True)
class FrontMatter:
    """`values`: texts and lists of texts; `body` starts at `body_line`. `mistake`: its line and message."""

    body: str
    body_line: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    mistake: tuple[int, str] | None = None


def front_matter(text: str) -> FrontMatter:
    """Parse any text; without front matter, all of it is the body."""
    found = _FENCED.match(text)
    if found is None:
        return FrontMatter(text)
    body, body_line = text[found.end() :], text.count("\n", 0, found.end()) + 1
    try:
        root = YAML(typ="safe", pure=True).compose(found["inside"])
    except (YAMLError, RecursionError, ValueError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        return FrontMatter(body, body_line, mistake=(mark.line + 2 if mark else 1, UNREADABLE))
    if not isinstance(root, MappingNode):
        return FrontMatter(text)
    values = {key.value: _plain(value) for key, value in root.value if isinstance(key, ScalarNode)}
    lines = {key.value: key.start_mark.line + 2 for key, _ in root.value if isinstance(key, ScalarNode)}
    return FrontMatter(body, body_line, values, lines)


def _plain(node: Node) -> Any:
    if isinstance(node, SequenceNode):
        return [one.value for one in node.value if isinstance(one, ScalarNode)]
    return node.value if isinstance(node, ScalarNode) else ""

"""Parses a Markdown document into sections of blocks with line numbers; knows nothing of runbooks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from bot.markdown.words import inline_text, one_line, plain

# The level of a paragraph that is entirely bold: below every heading.
LABEL = 7
# For marks within one line; markdown-it itself limits the nesting of lists and quotations.
DEEPEST = 20
EMPHASIS = frozenset({"em", "strong"})

_CHECKBOX = re.compile(r"\[(?P<tick>[ xX])\]\s+")


@dataclass(frozen=True)
class Paragraph:
    """`text` keeps the source's line breaks; `line` counts from 1, as everywhere here."""

    text: str
    line: int


@dataclass(frozen=True)
class Code:
    """`language`: the word after the fence, in lower case; '' if none."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Item:
    """An entry of a list; `within`: its further blocks. `is_box`: it has a checkbox."""

    text: str
    line: int
    within: Sequence["Block"] = ()
    is_box: bool = False


@dataclass(frozen=True)
class Listing:
    is_numbered: bool
    items: Sequence[Item]
    line: int


@dataclass(frozen=True)
class Row:
    cells: Sequence[str]
    line: int


@dataclass(frozen=True)
class Table:
    head: Sequence[str]
    rows: Sequence[Row]
    line: int


Block = Paragraph | Code | Listing | Table


@dataclass
class Section:
    """What follows a heading, up to the next. `level` 0: before the first heading; `LABEL`: under a bold line."""

    title: str
    level: int
    line: int
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Outline:
    """`sections` in document order; the first is what precedes any heading, possibly empty."""

    sections: Sequence[Section]

    @property
    def title(self) -> str | None:
        return next((one.title for one in self.sections if 0 < one.level < LABEL and one.title), None)

    def around(self, index: int) -> list[Section]:
        """The headings above a section, outermost first."""
        found: list[Section] = []
        level = self.sections[index].level
        for section in reversed(self.sections[:index]):
            if 0 < section.level < level:
                found.append(section)
                level = section.level
        return found[::-1]


def outline(text: str, first_line: int = 1) -> Outline:
    """Parse any text. `first_line`: the line of the file at which `text` starts."""
    parser = MarkdownIt("commonmark").enable("table")
    root = SyntaxTreeNode(_shallow(parser.parse(text.replace("\0", "\ufffd"))))
    return Outline(_Reading(first_line).sections(root))


def lines_of(blocks: Sequence[Block]) -> list[str]:
    """The text of blocks, line by line, without empty lines."""
    found: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph | Code):
            found += block.text.split("\n")
        elif isinstance(block, Listing):
            for item in block.items:
                found += [one_line(item.text), *lines_of(item.within)]
        else:
            found += [" | ".join(row.cells) for row in block.rows]
    return [line for line in found if line.strip()]


def _shallow(tokens: list[Token]) -> list[Token]:
    """Flatten deep emphasis to its text: it may be nested without limit, and the tree is walked by recursion."""
    for token in tokens:
        if token.children:
            token.children = _shallow([one for one in token.children if one.level < DEEPEST or one.tag not in EMPHASIS])
    return tokens


class _Reading:
    def __init__(self, first_line: int) -> None:
        self._first_line = first_line

    def sections(self, root: SyntaxTreeNode) -> list[Section]:
        sections = [Section("", 0, self._first_line)]
        for node in _unquoted(root.children):
            if node.type == "heading":
                sections.append(Section(plain(_said(node)), int(node.tag[1:]), self._line(node)))
            elif label := _label(node):
                sections.append(Section(label, LABEL, self._line(node)))
            else:
                sections[-1].blocks += self._blocks(node)
        return sections

    def _blocks(self, node: SyntaxTreeNode) -> Iterator[Block]:
        match node.type:
            case "paragraph" | "heading":
                if text := _said(node).strip():
                    yield Paragraph(text, self._line(node))
            case "fence" | "code_block":
                language = node.info.split()[0].lower() if node.info.split() else ""
                yield Code(language.strip("{}."), node.content.rstrip(), self._line(node))
            case "bullet_list" | "ordered_list":
                items = [self._item(child) for child in node.children]
                yield Listing(node.type == "ordered_list", items, self._line(node))
            case "table":
                yield self._table(node)

    def _item(self, node: SyntaxTreeNode) -> Item:
        blocks = [block for child in _unquoted(node.children) for block in self._blocks(child)]
        first = blocks[0] if blocks else None
        if not isinstance(first, Paragraph):
            return Item("", self._line(node), blocks)
        box = _CHECKBOX.match(first.text)
        return Item(first.text[box.end() if box else 0 :], first.line, blocks[1:], is_box=box is not None)

    def _table(self, node: SyntaxTreeNode) -> Table:
        rows = [
            Row([_said(cell).strip() for cell in row.children], self._line(row))
            for part in node.children
            for row in part.children
        ]
        return Table(rows[0].cells, rows[1:], self._line(node))

    def _line(self, node: SyntaxTreeNode) -> int:
        return self._first_line + (node.map[0] if node.map else 0)


def _unquoted(nodes: Sequence[SyntaxTreeNode]) -> Iterator[SyntaxTreeNode]:
    """The nodes, with those in quotations in place of the quotation."""
    for node in nodes:
        if node.type == "blockquote":
            yield from _unquoted(node.children)
        else:
            yield node


def _said(node: SyntaxTreeNode) -> str:
    return "".join(inline_text(child) for child in node.children)


def _label(node: SyntaxTreeNode) -> str | None:
    """The text of a paragraph that is entirely bold, with or without a colon; None for any other node."""
    if node.type != "paragraph":
        return None
    parts = [part for part in node.children[0].children if part.type != "text" or part.content.strip(" :")]
    return plain(_said(node)) or None if len(parts) == 1 and parts[0].type == "strong" else None

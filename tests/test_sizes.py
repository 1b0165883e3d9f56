"""Modules, functions and constructors stay small."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.at_hand import ROOT

FUNCTION_LINES, COLLABORATORS = 30, 6
# The rule is 250 lines; a module that passes this has to be split.
LONGEST_MODULE = 290


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("bot", "commands"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(Path(path).relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def functions(tree: ast.AST, of: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions of a module and its classes; nested functions count as part of the outer one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{of}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{of}{node.name}", node


def test_no_module_is_too_long() -> None:
    long = {
        name: lines
        for name, tree in modules()
        if tree.body and (lines := tree.body[-1].end_lineno or 0) > LONGEST_MODULE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for name, tree in modules():
        for function, node in functions(tree):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > FUNCTION_LINES:
                long[f"{name} {function}"] = lines
    assert long == {}


def test_no_constructor_takes_too_many_collaborators() -> None:
    """Keyword-only parameters, which have defaults or are limits, aren't counted."""
    many = {}
    for name, tree in modules():
        for function, node in functions(tree):
            count = len(node.args.args) - 1
            if function.endswith(".__init__") and count > COLLABORATORS:
                many[f"{name} {function.removesuffix('.__init__')}"] = count
    assert many == {}

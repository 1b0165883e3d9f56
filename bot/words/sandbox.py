"""Renders untrusted templates: they can produce only words from facts, within a budget.

Time and memory are bounded by metering each loop iteration, call and character. Templates have no globals (no `range`),
no access to other files, and only methods and filters that produce words.
"""

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from datetime import timedelta, tzinfo
from typing import Any

from jinja2 import FunctionLoader, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from bot.domain.text import plain
from bot.domain.updates.update import TO_BE_CONFIRMED
from bot.rendering import duration_shown, duration_spelt, time_shown
from bot.runbook import duration_read

# The budget of one rendering, in characters plus steps. A letter needs a tenth of it.
BUDGET = 100_000
LARGEST_FILE = 20_000
# The most elements in a list literal, including nested lists, because comparing it takes as long.
LARGEST_LIST = 1_000
# A macro's extra arguments, which would allow nested lists without list literals.
UNNAMED = frozenset({"varargs", "kwargs"})

METHODS = frozenset({
    "get", "items", "strip", "lstrip", "rstrip", "lower", "upper", "capitalize", "startswith", "endswith", "splitlines",
})  # fmt: skip
FORBIDDEN: Mapping[type[nodes.Node], str] = {
    nodes.Include: "include", nodes.Import: "import", nodes.FromImport: "import", nodes.Extends: "extends",
    nodes.Pow: "**", nodes.Mul: "*", nodes.Mod: "%", nodes.Add: "+",
}  # fmt: skip

# Filters that accept a list; all others convert it to text.
WHOLE = frozenset({"length", "default"})

_left: ContextVar[int] = ContextVar("left", default=BUDGET)


class BrokenTemplate(Exception):
    """`line` counts from 1; None: it concerns the whole template."""

    def __init__(self, name: str, line: int | None, message: str) -> None:
        super().__init__(f"{name}:{line}: {message}" if line else f"{name}: {message}")
        self.line, self.message = line, message


class Missing(Undefined):
    """An unknown fact: shown as a gap for a person to fill in, never as nothing."""

    def __str__(self) -> str:
        return TO_BE_CONFIRMED

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    __getitem__ = __call__


class Sandbox:
    """Compiled templates by file name. `strict`: a missing fact is an error."""

    def __init__(self, zone: tzinfo, sources: Mapping[str, str]) -> None:
        self._environments = {strict: _Environment(zone, sources, strict=strict) for strict in (True, False)}

    def render(self, name: str, facts: Mapping[str, object], *, strict: bool = False) -> str:
        """Raises BrokenTemplate and nothing else."""
        token = _left.set(BUDGET)
        try:
            words: str = self._environments[strict].get_template(name).render(facts)
        except TemplateSyntaxError as error:
            raise BrokenTemplate(name, error.lineno, str(error.message)) from error
        except RecursionError as error:
            raise BrokenTemplate(name, _line_in(name, error), "calls itself without an end") from error
        except Exception as error:
            # Anything that an expression in a template may raise, such as TypeError.
            raise BrokenTemplate(name, _line_in(name, error), _said(error)) from error
        finally:
            _left.reset(token)
        return words.strip()


class _Environment(ImmutableSandboxedEnvironment):
    def __init__(self, zone: tzinfo, sources: Mapping[str, str], *, strict: bool) -> None:
        super().__init__(
            loader=FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None),
            auto_reload=False,
            undefined=_Strict if strict else Missing,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=self._written,
        )
        self._strict = strict
        self.globals.clear()
        self.filters = {name: self._metered(made, name) for name, made in _filters(zone).items()}

    def spend(self, amount: int) -> str:
        left = _left.get() - amount
        if left < 0:
            raise SecurityError("writes too much, or repeats too often")
        _left.set(left)
        return ""

    def joined(self, *values: Any) -> str:
        """`a ~ b`"""
        return "".join(self._written(value) for value in values)

    def collected(self, made: Collection[Any]) -> Collection[Any]:
        """`[a, b]`, `(a, b)` and `{"a": b}`"""
        self.spend(_size(made, LARGEST_LIST))
        return made

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        self.spend(1)
        own = __obj in (self.spend, self.joined, self.collected) or isinstance(__obj, Macro | LoopContext | Undefined)
        if not own and getattr(__obj, "__name__", "") not in METHODS:
            raise SecurityError("calls what a template may not call")
        return super().call(__context, __obj, *args, **kwargs)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all(tuple(FORBIDDEN)):
            raise TemplateSyntaxError(f"“{FORBIDDEN[type(node)]}” can't be used here", node.lineno, name, filename)
        for named in tree.find_all(nodes.Name):
            if named.name in UNNAMED:
                raise TemplateSyntaxError(f"“{named.name}” can't be used here", named.lineno, name, filename)
        metered: nodes.Template = _Meters().visit(tree)
        return metered

    def _written(self, value: Any) -> str:
        if value is None:
            value = self.undefined("a fact that is not known at this moment is written here")
        words = plain(str(_no_collection(value)))
        self.spend(len(words))
        return words

    def _metered(self, made: Callable[..., Any], name: str) -> Callable[..., Any]:
        def used(value: Any, *args: Any, **kwargs: Any) -> Any:
            self.spend(1)
            unknown = value is None or isinstance(value, Undefined)
            if unknown and name != "default":
                return value if isinstance(value, Undefined) else self.undefined(f"“{name}” has no fact to show")
            found = made(value if name in WHOLE else _no_collection(value), *args, **kwargs)
            self.spend(len(found) if isinstance(found, str) else 0)
            return found

        return used


def _size(value: Any, most: int) -> int:
    """The number of elements, counting shared ones each time. Raises SecurityError above `most`."""
    size = 1
    if isinstance(value, Collection) and not isinstance(value, str):
        for one in value.items() if isinstance(value, Mapping) else value:
            size += _size(one, most - size)
    if size > most:
        raise SecurityError("puts too much into a list")
    return size


def _no_collection(value: Any) -> Any:
    """Refuse collections: nested lists take few characters to write, but exhaust memory when shown."""
    if isinstance(value, list | tuple | Mapping):
        raise SecurityError("writes a list as if it were words: repeat over it with “for”")
    return value


class _Strict(Missing):
    """For `mistakes`: writing a missing fact is an error, testing for it isn't."""

    def __str__(self) -> str:
        return str(self._fail_with_undefined_error())


class _Meters(NodeTransformer):
    """Makes each loop iteration and macro call spend its size."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        self.generic_visit(node)
        node.body.insert(0, _spends(node))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:
        self.generic_visit(node)
        node.body.insert(0, _spends(node))
        return node

    def visit_List(self, node: nodes.List) -> nodes.Call:
        self.generic_visit(node)
        return _collected(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Call:
        self.generic_visit(node)
        return _collected(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:
        """Skips tuples that are assignment targets."""
        self.generic_visit(node)
        return _collected(node) if node.ctx == "load" else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:
        self.generic_visit(node)
        function = nodes.EnvironmentAttribute("joined")
        return nodes.Call(function, node.nodes, [], None, None, lineno=node.lineno)


def _collected(node: nodes.Expr) -> nodes.Call:
    function = nodes.EnvironmentAttribute("collected")
    return nodes.Call(function, [node], [], None, None, lineno=node.lineno)


def _spends(node: nodes.Node) -> nodes.Output:
    """A call that spends all text in it, including constants, which are concatenated only once, plus a step per
    expression."""
    written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    constant = sum(len(str(const.value)) for const in node.find_all(nodes.Const) if isinstance(const.value, str))
    size = 1 + written + constant + sum(1 for _ in node.find_all(nodes.Expr))
    call = nodes.Call(nodes.EnvironmentAttribute("spend"), [nodes.Const(size)], [], None, None, lineno=node.lineno)
    return nodes.Output([call], lineno=node.lineno)


def _filters(zone: tzinfo) -> Mapping[str, Callable[..., Any]]:
    def date_time(at: Any) -> str:
        return f"{at.astimezone(zone):%a %d %b %Y %H:%M %Z}"

    return {
        "time": lambda at, begins=None: time_shown(at, zone, begins),
        "date_time": date_time,
        "duration": duration_shown,
        "spelt": duration_spelt,
        "exact_duration": lambda span: duration_read(span if isinstance(span, timedelta) else timedelta()),
        "upper": lambda text: str(text).upper(),
        "lower": lambda text: str(text).lower(),
        "capitalize": lambda text: str(text)[:1].upper() + str(text)[1:],
        "trim": lambda text: str(text).strip(),
        "length": len,
        "default": lambda value, other="": other if value is None or isinstance(value, Undefined) else value,
    }


def _line_in(name: str, error: BaseException) -> int | None:
    """The template line that raised the error: Jinja's frames have the names and line numbers of templates."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _said(error: Exception) -> str:
    if isinstance(error, UndefinedError | SecurityError | TemplateError):
        return str(error.message or error)
    return f"can't be rendered: {error}"

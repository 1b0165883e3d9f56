"""Whatever people type or send is read in steps that grow with its length and no faster."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.incident import number_of, title_of
from bot.domain.reply import reply_of
from bot.logs import Redactor, _as_json
from bot.runbook import parse_duration
from commands.desk import books
from commands.escalate.rota import _parts
from commands.typed import as_typed, first_word, mentioned
from commands.when import read

ROOT = Path(__file__).parent.parent
LONG = 10_000
NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)

READERS: dict[str, Callable[[str], Any]] = {
    "mentions": mentioned,
    "as typed": lambda text: as_typed(text, {}),
    "first word": first_word,
    "cover": _parts,
    "time": lambda text: read(text, NOW, ZoneInfo("Europe/London")),
    "duration": parse_duration,
    "reference": number_of,
    "title": title_of,
    "reply": reply_of,
    "log": lambda text: (Redactor(["secret"])(text), _as_json({"message": text})),
    **{f"/{book.name}": book.meant for book in books()},
}
PIECES = (
    " ",
    "9",
    "a",
    "x ",
    "<",
    "<@",
    "<@U1|",
    "|",
    ">",
    "a=",
    "a=b ",
    "from ",
    "until ",
    "for ",
    "to ",
    "ack ",
    "inc-",
)
MORE_PIECES = ("mon ", "1h", "&lt;", "token=", "\n", "é")


def texts(length: int) -> Iterator[str]:
    for piece in (*PIECES, *MORE_PIECES):
        body = piece * (length // len(piece))
        yield from (body, f"{body}!", f"from {body}x", f"ack {body}x", f"<@{body}")


def spent(reader: Callable[[str], Any], text: str) -> int:
    """What this thread has worked for it, at its best: a busy machine makes a reader wait, not work."""
    best = 10**12
    for _ in range(3):
        began = time.thread_time_ns()
        with suppress(Refused):
            reader(text)
        best = min(best, time.thread_time_ns() - began)
    return best


@pytest.mark.parametrize("name", READERS)
def test_ten_times_as_much_is_at_most_some_tens_of_times_the_work(name: str) -> None:
    reader = READERS[name]
    for short, long in zip(texts(LONG // 10), texts(LONG), strict=True):
        # What is square takes a hundred times as much, and what is worse a thousand times.
        small = max(spent(reader, short), 20_000)
        assert spent(reader, long) < small * 50, f"{name}: {long[:20]!r}…"


def patterns() -> Iterator[tuple[str, str]]:
    """Every regular expression that is written as one text, and where."""
    for folder in ("bot", "commands"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                    text = node.args[0]
                    if of_re and isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", text.value


# Each round of the outer repetition ends in a sign that the inner one cannot take.
ENDS_IN_A_DOT = (r"[a-z0-9-]+\.)+", r"(\d+(?:\.\d+)*)")
NESTED = re.compile(r"[+*]\)[+*]|[+*]\)\{\d*,\}")


def test_no_regular_expression_repeats_a_repetition() -> None:
    nested = [
        f"{where} {pattern}"
        for where, pattern in patterns()
        if NESTED.search(pattern) and not any(fine in pattern for fine in ENDS_IN_A_DOT)
    ]
    assert nested == []
    assert len(list(patterns())) > 30

"""Parsing what people type or send takes linear time; steps are counted, because timings can't be trusted."""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.alerts.report import Report
from bot.domain.alerts.silence import selected
from bot.domain.errors import Refused, TocsinError
from bot.domain.incidents.incident import title_of
from bot.domain.incidents.severity import Named, declared
from bot.domain.statistics.period import period_of
from bot.domain.telephone.reply import reply_of
from bot.domain.text import plain, plain_line
from bot.rendering import escape_html, escape_mrkdwn, unescape_mrkdwn
from bot.runbook import parse_duration
from bot.runbook.comparisons import Comparison
from commands.desk.book import Command
from commands.desk.typed import as_typed, first_word, mentioned
from commands.desk.when import read
from commands.escalate.rota import _parts
from commands.incident.maintenance import read as planned

SIZE = 10_000
SEVERITIES = [Named("P1", "Critical"), Named("P2", "High"), Named("SEV-3", "Low")]
NOW = datetime(2026, 8, 6, 14, tzinfo=UTC)

# Each parser, and the words that mean something to it.
READERS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "a mention or a link": (
        partial(as_typed, names={"U1": "Ada"}),
        ("<@U1|a>", "<", "&lt;", "<https://a.b|", "<!here>"),
    ),
    "who is mentioned": (mentioned, ("<@U1>", "<@", "<@U")),
    "the first word": (first_word, ("<", "<a>", "x ")),
    "a verb": (Command("incident", "", bare=None).meant, ("declare ", "help ", "déclare ")),
    "a severity": (
        partial(declared, severities=SEVERITIES, usual="P2"),
        ("P1: ", "[P1] ", "sev-", "critical ", "p", ":"),
    ),
    "a span": (_parts, ("from ", "until ", "for ", "to ", "off ")),
    "a time": (lambda text: read(text, NOW, ZoneInfo("UTC")), ("Mon ", "9 ", "in ", "next ", "1/", "days ")),
    "a duration": (parse_duration, ("1h", "m", "1", "w")),
    "a wish": (lambda text: Comparison(text).holds(text), ("< ", "1", "-", ".")),
    "a reply": (reply_of, ("ack ", "ok", "inc ", "- ")),
    "a title": (title_of, ("-", "ä", "名", "a-")),
    "plain text": (plain, ("\u202e", "\n", "\x00")),
    "a plain line": (plain_line, ("\u202e", "\n", "\x00")),
    "a selector": (partial(selected, checks=["website"], sources=["grafana"]), ("a=b,", "=", ",", '"', "website")),
    "a report": (lambda text: Report.read({"what": text}).alert("high", None), ("\n", "\u202e", "\r")),
    "planned work": (
        lambda text: asyncio.run(planned(text, NOW, ZoneInfo("UTC"))),
        (" for ", " at ", " for 1h ", "telling ", " telling x", "\n"),
    ),
    "a period": (lambda text: period_of(text, NOW, ZoneInfo("UTC")), ("1", "last ", "d", "q1")),
    "mrkdwn": (escape_mrkdwn, ("<", "&", "*", "`", "```")),
    "mrkdwn that comes back": (unescape_mrkdwn, ("&lt;", "&amp;", "&")),
    "HTML": (escape_html, ("<", "&", "'")),
}


def steps(deed: Callable[[], Any]) -> int:
    """The calls and lines executed; regular expressions are judged by their structure, in tests/test_patterns.py."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        deed()
    except (TocsinError, Refused):
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_input_takes_at_most_twice_the_steps(reader: str) -> None:
    read_it, own_words = READERS[reader]
    for word in (" ", "9", "\t", "a", *own_words):
        text, twice = word * (SIZE // len(word)), word * (2 * SIZE // len(word))
        # A first run, not counted, fills caches.
        steps(partial(read_it, f"{word}\x01"))
        assert steps(partial(read_it, twice + "\x01")) <= 2.2 * steps(partial(read_it, text + "\x01")) + 200, repr(word)

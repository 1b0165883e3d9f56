"""Runbooks as text for tests: the smallest one, with parts replaced."""

from collections.abc import Mapping

from bot.runbook import Runbook, RunbookMistakes, read

SMALLEST = {
    "organisation": "organisation: Example",
    "people": "people: {ada: {name: Ada Obi}, ben: {name: Ben Moss}}",
    "tiers": "tiers: {oncall: {who: [ada]}, lead: {who: [ben]}}",
    "severities": "severities: [{id: P1, name: Critical}, {id: P2, name: High}]",
}


def text_with(*parts: str) -> str:
    """The smallest runbook; a part such as `people: {…}` replaces its own or is added."""
    sections = {**SMALLEST, **{part.split(":")[0]: part for part in parts}}
    return "\n".join(sections.values())


def runbook_with(*parts: str, environ: Mapping[str, str] | None = None) -> Runbook:
    return read(text_with(*parts), environ or {})


def mistakes_in(text: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Path and message of every mistake; empty if there is none."""
    try:
        read(text, environ or {})
    except RunbookMistakes as error:
        return {mistake.path: mistake.message for mistake in error.mistakes}
    return {}

"""`tocsin check --alert FILE --source NAME`: what the runbook does with a sample alert."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from bot.clock import Clock
from bot.domain.alerts.alert import PAGE_AFTER
from bot.domain.alerts.received import LEVELS, ReceivedAlert
from bot.domain.alerts.rules import judge, matching
from bot.domain.errors import Refused
from bot.given_files import read_given
from bot.pagers import ways
from bot.rendering import Rendering
from bot.runbook import Runbook, Severity
from bot.services.paging.gaps import ready_ways
from bot.services.paging.simulations import Reach, simulate_by_rotation
from bot.settings import Settings
from bot.sources import Reading, Source, Unreadable, WrongShape, every_source

# Alerts shown one by one; further ones are only counted.
SHOWN = 10


def tell(runbook: Runbook, settings: Settings, file: Path, source: str) -> None:
    """Print it. Raises Refused for a sample that this source can't read."""
    known = every_source(runbook.alerts.sources)
    if source not in known:
        raise Refused(f"There is no source “{source}”; there is: {', '.join(sorted(known))}.")
    reading = _read(known[source], file)
    rendering, now = Rendering(runbook.timezone), Clock().now()
    click.echo(f"{len(reading.alerts)} alert{'' if len(reading.alerts) == 1 else 's'} of {source} in {file}")
    for alert in reading.alerts[:SHOWN]:
        click.echo(rendering.say("documents/alert_check", **_facts(runbook, settings, source, alert, now)))
    if rest := reading.alerts[SHOWN:]:
        click.echo(rendering.say("documents/alert_check_more", **_rest(runbook, source, rest)))
    if reading.acknowledged:
        click.echo("  acknowledges an alert, if it fires")
    for odd in reading.odd[:SHOWN]:
        click.echo(f"odd: {odd}")
    if len(reading.odd) > SHOWN:
        click.echo(f"odd: and {len(reading.odd) - SHOWN} more")


def _rest(runbook: Runbook, source: str, alerts: Sequence[ReceivedAlert]) -> dict[str, object]:
    """A summary of the alerts that aren't shown: how many of each level, and how many declare an incident."""
    verdicts = [judge(runbook.alerts.rules, source, alert) for alert in alerts if alert.firing]
    levels = Counter(verdict.level for verdict in verdicts)
    return {
        "count": len(alerts), "levels": [(levels[level], level) for level in LEVELS if levels[level]],
        "resolved": len(alerts) - len(verdicts), "declaring": sum(verdict.declares is not None for verdict in verdicts),
    }  # fmt: skip


def _read(source: Source, file: Path) -> Reading:
    try:
        return source.parse(_sample(file), {})
    except (Unreadable, WrongShape) as error:
        raise Refused(f"{file} is nothing that {source.title or source.name} sends: {error}") from error


def _sample(file: Path) -> bytes:
    try:
        return read_given(file)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error


def _facts(runbook: Runbook, settings: Settings, source: str, alert: ReceivedAlert, now: datetime) -> dict[str, object]:
    rules = runbook.alerts.rules
    number = next((n for n, rule in enumerate(rules, 1) if matching(rule.match, source, alert)), None)
    verdict = judge(rules, source, alert)
    severity = _declared(runbook, verdict.declares) if alert.firing else None
    pages_later = alert.firing and not verdict.declares and verdict.level == "critical"
    if pages_later:
        # A critical alert that nobody acknowledges pages at once, regardless of working hours.
        severity = runbook.default_severity.model_copy(update={"paged": "always"})
    # Without a token these aren't a bot's settings, so assume that every way is configured.
    ready = ready_ways(settings) if settings.slack_bot_token else frozenset(ways())
    reach = Reach(ready, settings.twilio_from)
    return {
        "alert": alert, "verdict": verdict, "number": number, "rule": rules[number - 1] if number else None,
        "outlets": runbook.alerts.levels.outlets(verdict.level), "alerts": runbook.alerts, "runbook": runbook,
        "severity": severity, "page_after": PAGE_AFTER if pages_later else None, "begins": now,
        "simulation": simulate_by_rotation(runbook, severity, now, reach) if severity else None,
    }  # fmt: skip


def _declared(runbook: Runbook, id: str | None) -> Severity | None:
    return next((one for one in runbook.severities if one.id == id), None)

"""Checks an organisation's own templates, and writes every text for audiences to files."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.written_letters import write_letters
from bot.domain.errors import Refused
from bot.domain.updates.facts import SeverityFacts, samples
from bot.domain.updates.outline import outline
from bot.domain.updates.planned_facts import planned_samples
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.words.audience import AudienceWords
from bot.words.documents import OwnDocument
from bot.words.overrides import KINDS, PLANNED_KINDS, Overrides

# A fixed time, so that samples never change.
SAMPLE_TIME = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


def check(runbook: Runbook, letters: Path | None) -> None:
    """Render every template for every moment; exits with 1 if one fails. `letters`: the folder to write to, or None."""
    overrides = Overrides(Path(runbook.templates) if runbook.templates else None, runbook.timezone)
    gravest = runbook.severities[0]
    severity = SeverityFacts(gravest.id, gravest.name, gravest.means)
    used = {key: audience.template for key, audience in runbook.audiences.items()}
    wrong = overrides.mistakes(used, runbook.organisation, severity, SAMPLE_TIME)
    own = OwnDocument(Path(runbook.templates) if runbook.templates else None, runbook.timezone)
    wrong += own.mistakes(runbook.organisation, (gravest.id, gravest.name), SAMPLE_TIME)
    for one in wrong:
        click.echo(one)
    if wrong:
        click.echo(f"{len(wrong)} mistake{'' if len(wrong) == 1 else 's'} in the templates.")
        raise click.exceptions.Exit(1)
    if letters:
        _write(letters, runbook, overrides, severity)


def _write(folder: Path, runbook: Runbook, overrides: Overrides, severity: SeverityFacts) -> None:
    rendering = Rendering(runbook.timezone)
    words = AudienceWords(rendering, overrides)
    files: dict[str, str] = {}
    own = [name for name in overrides.names if name not in PLANNED_KINDS]
    found = {
        f"{template}-{facts.moment}": words.say(template, facts)
        for template in dict.fromkeys((*KINDS, *own))
        for facts in samples(runbook.organisation, severity, SAMPLE_TIME)
    }
    for template in PLANNED_KINDS:
        for moment, planned in planned_samples(runbook.organisation, SAMPLE_TIME):
            found[f"{template}-{moment}"] = words.say_planned(template, planned)
    for name, said in found.items():
        files[f"{name}.txt"] = f"Subject: {said.subject}\n\n{said.text}\n"
        files[f"{name}.html"] = rendering.say("letter/update", subject=said.subject, parts=outline(said.text))
    try:
        write_letters(folder, files)
    except Refused as refusal:
        click.echo(str(refusal))
        raise click.exceptions.Exit(1) from refusal
    click.echo(f"{len(files)} texts written to {folder}: begin with index.txt")

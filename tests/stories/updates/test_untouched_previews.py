"""The shipped templates, given ordinary facts, produce no text with a finding under any shipped runbook."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.incidents.incident import Incident
from bot.domain.updates.facts import SeverityFacts, samples
from bot.domain.updates.update import TO_BE_CONFIRMED
from bot.rendering import Rendering
from bot.runbook import load
from bot.services.updates.linting import found_in
from bot.services.updates.wording import template_of
from bot.shipped import templates_folder
from bot.words.audience import AudienceWords
from bot.words.overrides import Overrides

AT = datetime(2026, 1, 5, 14, 2, tzinfo=UTC)
SHIPPED = sorted((templates_folder() / "runbooks").glob("*.yml"))
ENVIRON: dict[str, str] = {}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_untouched_preview_has_no_finding(path: Path) -> None:
    runbook = load(path, ENVIRON)
    shipped = AudienceWords(Rendering(runbook.timezone), Overrides(None, runbook.timezone))
    for severity in runbook.severities:
        named = SeverityFacts(severity.id, severity.name, severity.means)
        for audience in runbook.audiences.values():
            for facts in samples(runbook.organisation, named, AT):
                said = shipped.say(template_of(audience), facts)
                if TO_BE_CONFIRMED in said.text:
                    # A person has to fill that in.
                    continue
                incident = Incident(12, facts.title, severity.id, facts.status, False, False, "ada", AT)
                words = audience, facts.moment, said.subject, said.text
                found = found_in(runbook, incident, *words, None, since=AT, now=AT)
                assert found == [], (severity.id, audience.key, facts.moment, said.text)

"""Each shipped runbook keeps its promises in its scenario, and a broken promise is found."""

from pathlib import Path

import pytest

from bot.rehearsal import Hall
from bot.runbook import read as read_runbook
from bot.scenarios import load, told_in
from bot.shipped import STARTER, shipped_runbooks, shipped_scenarios

# For each scenario, one promise of its runbook, intact and broken.
BROKEN = {
    "nobody-answers": ("- {page: lead, wait: 30m}", "- {page: legal, wait: 30m}"),
    "slack-is-away": ("who: [schedule/engineers], via: [slack, sms]", "who: [schedule/engineers], via: [slack]"),
    "telephones-are-away": ("- {page: oncall, wait: 15m}", "- {page: oncall, wait: 25m}"),
    "mail-is-away": ('slack: ["#stakeholders"], template', "template"),
    "everybody-sleeps": ("sms, {voice: 5m}]", "sms, {voice: 15m}]"),
    "the-clocks-go-back": (
        "        - {page: responders, wait: 30m}\n        - {page: lead}",
        "        - {page: responders, wait: 90m}\n        - {page: lead}",
    ),
}


def test_every_shipped_runbook_has_a_scenario() -> None:
    assert set(BROKEN) == set(shipped_scenarios())
    played = {load(path).scenario.runbook for path in shipped_scenarios().values()}
    assert played == set(shipped_runbooks()) - {STARTER}
    # A game day must have something to hear.
    for path in shipped_scenarios().values():
        told = told_in(load(path).scenario)
        assert [one.kind for one in told].count("inject") >= 1, path


@pytest.mark.parametrize("is_whole", [True, False], ids=["kept", "broken"])
@pytest.mark.parametrize("name", BROKEN)
async def test_a_shipped_scenario_passes_and_detects_a_removed_promise(
    name: str, is_whole: bool, database: str, tmp_path: Path
) -> None:
    script = load(shipped_scenarios()[name])
    words = shipped_runbooks()[script.scenario.runbook or ""].read_text()
    promise, instead = BROKEN[name]
    assert promise in words

    async def new() -> str:
        return database

    runbook = read_runbook(words if is_whole else words.replace(promise, instead, 1), {})
    rehearsal = await Hall(tmp_path, new).play(script, runbook)

    assert [one.expectation for one in rehearsal.outcomes if not one.is_met] == [] or not is_whole
    assert rehearsal.succeeded is is_whole

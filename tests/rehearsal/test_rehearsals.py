"""A scripted incident is played through the whole bot, and every broken promise is found."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.rehearsal import Hall, Rehearsal, as_junit, as_text
from bot.runbook import Runbook, RunbookMistakes
from bot.scenarios import read
from tests.commandline import tocsin
from tests.world import RUNBOOK, example_runbook

SCRIPT = """
title: Payments fail and the mail server is away
script:
  - {at: +0, zoe: declares P1 Payments failing}
  - {at: +6m, bot: killed}
  - {at: +20m, ben: acknowledges}
  - {at: +30m, cleo: "presses Re\\x01open\\uFFFE"}
expect:
  - {by: +0, paged: ada, via: slack, times: 1}
  - {by: +15m, after: +15m, paged: tier/lead}
  - {by: +10m, paged: ben}
  - {never: paged, who: cleo}
"""
QUIET = "title: x\nscript: [{at: +0, nobody: answers}]\n"
# None of the people the simulated workspace has by default.
ZOE = "  zoe: {name: Zoe Ward, email: zoe@example.org}\ntiers:"


@pytest.fixture
def runbook() -> Runbook:
    return example_runbook(RUNBOOK.replace("tiers:", ZOE, 1))


@pytest.fixture
def hall(database: str, tmp_path: Path) -> Hall:
    async def new() -> str:
        return database

    return Hall(tmp_path, new)


async def played(hall: Hall, runbook: Runbook) -> Rehearsal:
    return await hall.play(read(SCRIPT), runbook)


async def test_a_rehearsal_shows_what_was_sent_and_which_expectations_were_missed(hall: Hall, runbook: Runbook) -> None:
    rehearsal = await played(hall, runbook)

    assert [one.is_met for one in rehearsal.outcomes] == [True, True, False, True]
    assert not rehearsal.succeeded
    said = as_text(rehearsal)
    assert "14:15  Ben Moss is paged in Slack (accepted)" in said
    assert "14:06  The bot is killed" in said
    assert "FAILED  By 14:10: Ben Moss is paged\n        14:15 Ben Moss is paged in Slack (accepted)" in said
    # A step nobody could perform is no success, either.
    assert "Cleo Fox couldn't do that" in said
    assert "1 of 4 expectations failed, 1 step could not be done" in said
    suite = ElementTree.fromstring(as_junit([rehearsal])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("5", "2")


def test_every_mistake_in_a_script_has_its_path_and_line() -> None:
    with pytest.raises(RunbookMistakes) as wrong:
        read("title: x\nscript:\n  - {at: +2x, ada: acknowledges}\n  - {at: +1m, bot: killd}\nexpct: []\n", "fire.yml")

    lines = str(wrong.value).split("\n")
    assert [line.partition(": ")[0] for line in lines] == ["fire.yml:3", "fire.yml:4", "fire.yml:5"]
    assert "did you mean killed?" in lines[1]
    assert "did you mean expect?" in lines[2]


@pytest.mark.parametrize("part", ["lasts: 8d", "lasts: 400d", "expect: [{never: said, text: x, until: 8d}]"])
def test_a_scenario_longer_than_a_week_is_a_mistake(part: str) -> None:
    with pytest.raises(RunbookMistakes, match="a week at most"):
        read(f"title: x\nscript: [{{at: +0, nobody: answers}}]\n{part}\n")


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("begins: 0001-01-01 00:00", "between 1971 and 2099"),
        ("begins: 9999-12-31 23:59", "between 1971 and 2099"),
        ("expect: [{never: paged, after: 2h, until: 1h}]", "`after` is later than `until`"),
        ("expect: [{by: +1h, until: 2h, paged: ada}]", "`until` belongs to `never`"),
        ("expect: [{never: paged, times: 2}]", "`times` belongs to `by`"),
        ("expect: [{never: paged, via: pigeon}]", "nobody is paged by “pigeon” here"),
        ("expect: [{never: told, via: voice}]", "nobody is told by “voice” here"),
    ],
)
def test_steps_that_can_never_be_played_or_judged_are_mistakes(part: str, why: str) -> None:
    with pytest.raises(RunbookMistakes, match=why):
        read(f"title: x\nscript: [{{at: +0, nobody: answers}}]\n{part}\n")


def test_names_the_runbook_lacks_are_mistakes(runbook: Runbook) -> None:
    script = read(
        "title: x\nscript:\n  - {at: +0, adda: acknowledges}\n  - {at: +1m, ada: escalates I need help}\n"
        "  - {at: +2m, ada: escalates Ben You know it}\n  - {at: +3m, ada: escalates}\n"
        "expect:\n  - {never: told, audience: clients}\n"
    )

    with pytest.raises(RunbookMistakes) as wrong:
        script.must_fit(runbook)

    assert "script[0].adda: there is no person “adda”: did you mean ada?" in str(wrong.value)
    assert "script[1].ada: there is no tier and nobody “I” to escalate to" in str(wrong.value)
    assert "script[2]" not in str(wrong.value) and "script[3]" not in str(wrong.value)
    assert "expect[0].audience: there is no audience “clients”" in str(wrong.value)


async def test_a_step_the_bot_refused_counts_as_not_done_however_it_was_requested(hall: Hall, runbook: Runbook) -> None:
    said = [
        "{at: +0, ada: resolves There is nothing}",
        "{at: +1m, ada: declares P1 Payments failing}",
        "{at: +2m, ada: /incident severity P7}",
        "{at: +3m, ada: /incident upgrade}",
        "{at: +4m, ada: acknowledges}",
        "{at: +5m, ben: acknowledges in Slack}",
        "{at: +5m, ada: acknowledges by mail}",
        "{at: +6m, ada: /incident note All is well}",
    ]
    script = "title: x\nscript:\n" + "".join(f"  - {one}\n" for one in said)
    rehearsal = await hall.play(read(script), runbook)
    assert [(one.at - rehearsal.begins).seconds // 60 for one in rehearsal.undone] == [0, 2, 3, 5, 5]
    why = [one.text for one in rehearsal.undone]
    assert "No incident is open" in why[0] and "P7" in why[1] and "upgrade" in why[2]
    assert not rehearsal.succeeded


@pytest.mark.parametrize(
    ("expected", "advised"),
    [
        ('{never: said, text: x, in: "#incdents"}', "there is no channel “#incdents”: did you mean #incidents?"),
        ("{never: paged, who: Ben}", "there is no person “Ben”: did you mean ben?"),
        ("{never: paged, who: tier/Lead}", "there is no tier “tier/Lead”: did you mean tier/lead?"),
        ("{never: paged, who: Anybody}", "there is no person “Anybody”"),
        ("{never: declared, severity: P9}", "there is no severity “P9”"),
    ],
)
def test_a_name_that_would_make_an_expectation_trivially_true_is_a_mistake(
    expected: str, advised: str, runbook: Runbook
) -> None:
    with pytest.raises(RunbookMistakes, match=re.escape(advised)):
        read(f"title: x\nscript: [{{at: +0, nobody: answers}}]\nexpect: [{expected}]\n").must_fit(runbook)


def test_an_audience_whose_updates_cannot_be_observed_is_a_mistake() -> None:
    runbook = example_runbook(RUNBOOK + "audiences:\n  everybody: {page: {title: Our status}}\n")
    with pytest.raises(RunbookMistakes, match="“everybody” reads nothing but its status page"):
        read(f"{QUIET}expect: [{{never: told, audience: everybody}}]\n").must_fit(runbook)
    read(f"{QUIET}expect: [{{never: told}}]\n").must_fit(runbook)


async def test_a_private_incidents_outcome_is_known_like_any_others(hall: Hall, runbook: Runbook) -> None:
    script = read(
        "title: x\nscript: [{at: +0, ada: /incident private P1 A breach}, {at: +1m, ada: acknowledges}]\n"
        "expect: [{by: +0, declared: P1}, {by: +1m, acknowledged: ada}, {never: acknowledged, who: ben}]\n"
    )
    assert (await hall.play(script, runbook)).succeeded


async def test_an_expectation_about_a_room_that_never_existed_fails(hall: Hall, runbook: Runbook) -> None:
    rooms = ("inc-2026-01-06-it-is-slow", "inc-2026-01-06-it-was-slow", "Infrastructure-Alerts")
    wishes = "".join(f'  - {{never: said, text: never said, in: "#{one}"}}\n' for one in rooms)
    script = read(f"title: x\nscript: [{{at: +0, ada: declares P3 It is slow}}]\nexpect:\n{wishes}")
    rehearsal = await hall.play(script, runbook)
    assert [one.is_met for one in rehearsal.outcomes] == [True, False, True]
    assert "there was no such channel" in as_text(rehearsal)


async def test_the_commands_exit_code_tells_whether_expectations_were_met(tmp_path: Path) -> None:
    (tmp_path / "runbook.yml").write_text(RUNBOOK)
    right = "title: x\nscript: [{at: +0, ada: declares P3 Slow}]\nexpect: [{by: +0, paged: ada}]\n"
    (tmp_path / "right.yml").write_text(right)
    (tmp_path / "wrong.yml").write_text(right.replace("paged: ada", "paged: ben"))
    (tmp_path / "broken.yml").write_text("title: [\n")

    well = await tocsin("rehearse", "right.yml", at=tmp_path)
    badly = await tocsin("rehearse", "right.yml", "wrong.yml", "--junit", "out.xml", at=tmp_path)
    not_at_all = await tocsin("rehearse", "right.yml", "broken.yml", at=tmp_path)
    mistyped = await tocsin("rehearse", "nobody-answer", at=tmp_path)
    nowhere = await tocsin("rehearse", "right.yml", "--junit", "none/out.xml", at=tmp_path)

    assert (well.code, badly.code, not_at_all.code) == (0, 1, 2), well.err + badly.err
    assert "Ada Obi is paged in Slack (accepted)" in well.out
    assert "broken.yml:" in not_at_all.err
    assert mistyped.code == 2 and "Did you mean nobody-answers?" in mistyped.err
    assert (nowhere.code, nowhere.out) == (2, "") and "none/out.xml cannot be written" in nowhere.err
    assert 'failures="1"' in (tmp_path / "out.xml").read_text()

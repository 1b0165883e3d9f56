"""The current step of a procedure, where answers lead, and which procedures fit an incident."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from bot.domain.procedures.fitting import Sign, fitting, linked, named_by
from bot.domain.procedures.leads import Lead, lead_of, unreached
from bot.domain.procedures.run import Run, Step, Tick, TickDeed, standing_of

AT = datetime(2026, 8, 6, 14, tzinfo=UTC)
STEPS = [
    Step("Look"),
    Step("Again?", answers={"Yes": "step 1", "No": "Go on", "Never": "end"}),
    Step("Fix"),
    Step("Tell"),
]


def ticked(step: int, deed: TickDeed = "done", leads_to: int | None = None, opens: str | None = None) -> Tick:
    return Tick(0, step, deed, "ada", AT, leads_to=leads_to, opens=opens)


def test_an_undone_step_no_longer_counts() -> None:
    ticks = [ticked(0), replace(ticked(1, "answered"), undone_at=AT)]
    assert standing_of(STEPS, ticks).current == 1
    assert list(standing_of(STEPS, ticks).ticks) == [0]


def test_an_answer_that_leads_back_reopens_the_steps_between() -> None:
    standing = standing_of(STEPS, [ticked(0), ticked(1, "answered", leads_to=0)])
    assert (standing.current, dict(standing.ticks)) == (0, {})


def test_an_answer_that_leads_ahead_skips_the_steps_between() -> None:
    standing = standing_of(STEPS, [ticked(0), ticked(1, "answered", leads_to=3)])
    assert (standing.current, list(standing.ticks)) == (3, [0, 1])


@pytest.mark.parametrize("last", [ticked(1, "answered", leads_to=4), ticked(1, "answered", opens="other")])
def test_an_answer_that_ends_or_leaves_the_procedure_leaves_no_step(last: Tick) -> None:
    standing = standing_of(STEPS, [ticked(0), last])
    assert standing.is_over and standing.opened == last.opens


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Continue", None),
        ("Continue with the next step.", None),
        ("Go on", None),
        ("Continue with the vendor", "Continue with the vendor"),
        ("Roll it back", "Roll it back"),
    ],
)
def test_an_answer_is_repeated_above_the_next_step_only_if_it_is_an_instruction(words: str, said: str | None) -> None:
    steps = [Step("Deployed?", answers={"No": words}), Step("Fix")]
    answered = replace(ticked(0, "answered"), said="No")
    assert Run(1, 1, "site-down", "Site down", steps, "ada", AT, AT, ticks=[answered]).said == said
    assert steps[0].to_do_when("No") == said


def test_an_approval_counts_only_for_the_step_it_was_given_for() -> None:
    assert standing_of(STEPS, [ticked(0, "approved")]).approval
    assert standing_of(STEPS, [ticked(0, "approved"), ticked(0)]).approval is None


@pytest.mark.parametrize(
    ("words", "lead"),
    [
        ("step 4", Lead(step=3)),
        ("Go to Step 4.", Lead(step=3)),
        ("Fix", Lead(step=2)),
        ("fix.", Lead(step=2)),
        ("step 9", Lead()),
        ("Follow step 4 of the vendor's page", Lead()),
        ("The end", Lead(step=4)),
        ("payments", Lead(procedure="payments")),
        ("Roll it back", Lead()),
    ],
)
def test_an_answer_leads_where_it_says(words: str, lead: Lead) -> None:
    assert lead_of(words, STEPS, ["payments"]) == lead


def test_unreachable_steps_are_found() -> None:
    steps = [Step("Sure?", answers={"Yes": "step 3", "No": "payments"}), Step("Never"), Step("Fix")]
    assert unreached(steps, ["payments"]) == [1]
    assert unreached(STEPS, []) == []


@dataclass(frozen=True)
class One:
    key: str
    title: str
    severity: str | None = None
    symptoms: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


KNOWN = {
    one.key: one
    for one in (
        One("disk", "Disk is full", "P2", alerts=("Disk*",)),
        One("db", "Database timeout", "P1", symptoms=("Connection errors",)),
        One("login", "Nobody can log in", "P1"),
    )
}


def test_a_procedures_alert_name_outranks_its_words_and_words_outrank_the_severity() -> None:
    sign = Sign("Disk 90 % used", {"alertname": "DiskFull"})
    found = fitting(KNOWN.values(), "P1", "Database timeouts", [sign])
    assert [one.key for one in found] == ["disk", "db", "login"]
    assert [why.reason for why in found[1].why] == ["title", "severity"]


@pytest.mark.parametrize(
    "url",
    ["https://example.com/runbooks/db.md", "https://example.com/all.html#DB", "https://example.com/a/db/?x=1#y", "db"],
)
def test_a_link_that_ends_in_a_procedures_name_finds_it(url: str) -> None:
    assert linked(url, KNOWN) == "db"


@pytest.mark.parametrize("url", [None, "", "https://example.com/db2.md", "http://[::1", "https://db.example.com/x"])
def test_any_other_link_finds_nothing(url: str | None) -> None:
    assert linked(url, KNOWN) is None


def test_a_rules_procedure_outranks_one_naming_the_alert_and_that_outranks_a_link() -> None:
    sign = Sign("x", {"alertname": "DiskFull"}, "login", "https://example.com/db")
    assert named_by(sign, KNOWN) == "login"
    assert named_by(replace(sign, procedure="gone"), KNOWN) == "disk"
    assert named_by(replace(sign, procedure=None, labels={}), KNOWN) == "db"

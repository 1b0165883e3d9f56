"""What audiences read: every template at every moment, with everything known and with nothing known."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import MOMENTS, NOTICES, SUBJECT_LENGTH, TEXT_LENGTH, Moment
from bot.rendering import Rendering
from bot.runbook import Runbook, read
from bot.runbook.audiences import Audience
from bot.services.people.people import People
from bot.services.updates.wording import Wordings
from bot.shipped import templates_folder
from bot.words.audience import Said
from bot.words.overrides import KINDS
from tests.domain.updates.conftest import NOON, RUNBOOK, incident, resolved

# Templates of an incident's moments; the folder holds other letters too.
TEMPLATES = sorted(KINDS)
EVERYTHING: dict[str, Any] = {
    "impact": "Nobody can pay <by card> & wait",
    "roles": {"lead": "ada"},
    "facts": {"update": "Found it", "conditions": "Cards fail", "actions": "Rolling back", "needs": "A second pair"},
    "summary": "Rolled back to yesterday",
    "room_name": "inc-2026-08-08-payments-failing",
}


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


WATCHED = RUNBOOK.replace(
    "audiences:",
    """  - {id: P3, name: Low, means: Degraded performance}
health: {checks: {nightly_job: {tcp: "example.com:1"}}}
audiences:""",
)


@pytest.fixture
def wordings(runbook: Runbook, clock: Clock) -> Wordings:
    return wordings_of(runbook, clock)


def wordings_of(runbook: Runbook, clock: Clock) -> Wordings:
    # Names come from the runbook alone, without database or Slack.
    people = People(cast(Any, None), clock, runbook, cast(Any, None))
    return Wordings(clock, runbook, people, Rendering(runbook.timezone))


def words(said: Said) -> tuple[str, str]:
    assert said.broken is None
    return said.subject, said.text


def composed(wordings: Wordings, audience: Audience, moment: Moment, about: Incident) -> str:
    return "\n\n".join(words(wordings.compose(about, audience, moment, about.status, severity_before="P2")))


def moments() -> list[tuple[Moment, Incident]]:
    """Every moment twice: knowing only the title, and knowing everything."""
    over = ("resolved", "all_clear", "postmortem")
    return [
        (moment, (resolved if moment in over else incident)(**facts))
        for moment in MOMENTS
        for facts in ({}, EVERYTHING)
    ]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("written", [
    "the disk of db-01 is full", "10.0.0.7 is full", "Ben broke it", "TODO name it", "back by 13:10",
    "nightly_job failed", "token=abcd1234abcd1234", "an outage at our bank",
])  # fmt: skip
def test_findings_in_automatic_updates_are_left_out_or_wait_for_an_approver(
    clock: Clock, template: str, written: str
) -> None:
    """Only internal audiences read names of machines and systems."""
    wordings = wordings_of(read(WATCHED, {}), clock)
    clock.freeze(NOON + timedelta(minutes=20))
    about = incident(title=f"Orders fail: {written}", facts={"update": written}, severity="P3")
    audience = Audience(key="readers", email=("a@example.com",), template=template)
    said = wordings.unattended(about, audience, "declared", "investigating")
    is_inside = template == "internal" and ("01" in written or "0.7" in written or "nightly" in written)
    is_unread = template == "public"
    assert said.left_out == bool(said.found) == (not is_inside and not is_unread)
    assert said.left_out == (written not in f"{said.subject} {said.text}") or is_unread
    approved = wordings.unattended(about, audience.model_copy(update={"approval": True}), "declared", "investigating")
    assert not approved.left_out and [one.doubt for one in approved.found] == (
        ["secret"] if "token" in written and not is_unread else []
    )


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("moment", "about"), moments())
def test_every_template_reads_well_at_every_moment(
    wordings: Wordings, template: str, moment: Moment, about: Incident
) -> None:
    audience = Audience(key="readers", email=("a@example.com",), template=template)
    subject, text = words(wordings.compose(about, audience, moment, about.status, severity_before="P2"))
    if moment in NOTICES:
        text = text.replace("[to be confirmed]", "said by a person")

    whole = f"{subject}\n{text}"
    assert "None" not in whole and "built-in" not in whole
    assert not re.search(r"[{}\[\]]|TBD|  |\n\n\n| ,| \.", whole), whole
    assert not re.search(r"[ \t]$", whole, re.MULTILINE)
    assert not re.search(r": ?$", whole, re.MULTILINE), "a label without a value"
    assert len(subject) <= SUBJECT_LENGTH


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_moments_can_be_told_apart_in_every_template(wordings: Wordings, template: str) -> None:
    audience = Audience(key="readers", email=("a@example.com",), template=template)
    texts = {composed(wordings, audience, moment, about) for moment, about in moments() if not about.impact}

    assert len(texts) == len(MOMENTS) or template == "public"


def test_a_stakeholder_learns_what_happened_how_severe_it_is_and_when_the_next_update_comes(
    wordings: Wordings, runbook: Runbook
) -> None:
    about = incident(**EVERYTHING)
    subject, text = words(
        wordings.compose(
            about, runbook.audiences["stakeholders"], "declared", "investigating", resolve_by=NOON + timedelta(hours=4)
        )
    )

    assert subject == "P1 Critical: Payments failing (INC-12)"
    assert text == (
        "We're working on an incident at Example Tutors.\n"
        "\n"
        "Incident: Payments failing\n"
        "Severity: P1 Critical (Complete outage)\n"
        "Status: investigating\n"
        "Impact: Nobody can pay <by card> & wait\n"
        "Declared: Sat 08 Aug 2026 13:00 BST\n"
        "Target: resolved by Sat 08 Aug 2026 17:00 BST\n"
        "Led by: Ada Obi\n"
        "\n"
        "Current state: Cards fail\n"
        "\n"
        "In progress: Rolling back\n"
        "\n"
        "Needed: A second pair\n"
        "\n"
        "We'll update you by 13:30 BST, or as soon as something changes.\n"
        "\n"
        "Example Tutors, INC-12"
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_subject_of_every_moment_says_what_happened(wordings: Wordings, template: str) -> None:
    audience = Audience(key="readers", email=("a@example.com",), template=template)
    subjects = {moment: composed(wordings, audience, moment, about).split("\n")[0] for moment, about in moments()}

    assert all(len(subject) < 90 for subject in subjects.values())
    if template != "public":
        # To a client, a changed severity is just another update.
        assert len(set(subjects.values())) >= len(MOMENTS) - (template == "client")


@pytest.mark.parametrize("graver", [True, False])
def test_readers_learn_whether_the_severity_rose_or_fell(wordings: Wordings, runbook: Runbook, graver: bool) -> None:
    now, before = ("P1", "P2") if graver else ("P2", "P1")
    for key in ("stakeholders", "clients", "team", "status-page"):
        audience, about = runbook.audiences[key], incident(severity=now)
        _, text = words(wordings.compose(about, audience, "severity", about.status, severity_before=before))
        assert ("more serious" in text, "less serious" in text) == (graver, not graver)
        _, text = words(wordings.compose(about, audience, "severity", about.status, severity_before="P0, gone"))
        assert "serious" not in text


@pytest.mark.parametrize("moment", NOTICES)
def test_a_legal_notice_leaves_unknown_facts_for_a_person_to_confirm(
    wordings: Wordings, runbook: Runbook, moment: Moment
) -> None:
    about = resolved() if moment == "postmortem" else incident()
    assert "[to be confirmed]" in composed(wordings, runbook.audiences["clients"], moment, about)


def test_people_affected_by_a_data_breach_learn_since_when_what_was_done_and_what_they_can_do(
    wordings: Wordings, runbook: Runbook
) -> None:
    text = composed(wordings, runbook.audiences["clients"], "breach", incident(**EVERYTHING))

    for fact in ("personal data", "Sat 08 Aug 2026 13:00 BST", "Nobody can pay", "Your next steps", "Your contact"):
        assert fact in text
    assert not [inside for inside in ("P1", "INC-12", "Ada", "second pair") if inside in text]


def test_a_stakeholder_learns_how_it_ended(wordings: Wordings, runbook: Runbook) -> None:
    text = composed(wordings, runbook.audiences["stakeholders"], "resolved", resolved(summary="Rolled back"))

    assert text.startswith("Resolved: Payments failing (INC-12)\n") and "1 hour 30 minutes" in text
    assert "Rolled back" in text
    assert "post-mortem" in text
    assert "update you" not in text


def test_a_client_reads_what_they_notice_and_no_internals(wordings: Wordings, runbook: Runbook) -> None:
    about = incident(**EVERYTHING, status="mitigating")
    text = composed(wordings, runbook.audiences["clients"], "update", about)

    for fact in ("Example Tutors", "Nobody can pay <by card> & wait", "by 14:00 BST"):
        assert fact in text
    for inside in ("P1", "INC-12", "Ada", "Rolling back", "second"):
        assert inside not in text


def test_a_client_never_reads_what_a_monitoring_system_called_its_alert(wordings: Wordings, runbook: Runbook) -> None:
    alert = {"origin": {"alert": {"source": "health", "key": "website"}}}
    declared, over = incident(**alert), resolved(**alert)
    clients = runbook.audiences["clients"]
    for text in (
        composed(wordings, clients, "declared", declared),
        composed(wordings, clients, "update", declared),
        composed(wordings, clients, "resolved", over),
    ):
        assert declared.title not in text


def test_news_from_before_the_end_is_not_repeated_when_the_incident_returns(
    wordings: Wordings, runbook: Runbook
) -> None:
    text = composed(wordings, runbook.audiences["stakeholders"], "reopened", incident(**EVERYTHING))
    for old in EVERYTHING["facts"].values():
        assert old not in text
    assert "Nobody can pay" in text


def test_the_next_update_is_the_time_the_latest_one_promised_while_that_is_ahead(
    wordings: Wordings, runbook: Runbook, clock: Clock
) -> None:
    clients, stakeholders = runbook.audiences["clients"], runbook.audiences["stakeholders"]
    said = incident(facts={"next_update": "20m"}, updated_at=NOON)
    vague = incident(facts={"next_update": "soon"}, updated_at=NOON)

    assert wordings.next_update(said, clients, NOON) == NOON + timedelta(minutes=20)
    assert wordings.next_update(vague, clients, NOON) == NOON + timedelta(hours=1)
    assert wordings.next_update(incident(), stakeholders, NOON) == NOON + timedelta(minutes=30)
    assert wordings.next_update(incident(severity="P2"), stakeholders, NOON) is None
    later = NOON + timedelta(minutes=20)
    assert wordings.next_update(said, clients, later) == later + timedelta(hours=1)


def test_a_target_that_has_passed_is_no_longer_promised(wordings: Wordings, runbook: Runbook, clock: Clock) -> None:
    stakeholders, by = runbook.audiences["stakeholders"], NOON + timedelta(hours=4)
    for ahead, left in ((True, timedelta(hours=3, minutes=59)), (False, timedelta(minutes=1))):
        clock.move(left)
        _, text = words(wordings.compose(incident(), stakeholders, "update", "investigating", resolve_by=by))
        assert ("17:00 BST" in text) is ahead


def test_a_status_page_without_a_template_reveals_no_internals(wordings: Wordings, runbook: Runbook) -> None:
    text = composed(wordings, runbook.audiences["status-page"], "declared", incident(**EVERYTHING))

    assert text.startswith("Nobody can pay <by card> & wait\n\n") and "by 13:30 BST" in text
    assert not [inside for inside in ("P1", "INC-12", "Ada", "Rolling back") if inside in text]


def test_a_missing_template_is_named(wordings: Wordings, runbook: Runbook) -> None:
    for name in ("vip", "../page/email"):
        audience = Audience(key="vips", email=("a@example.com",), template=name)
        with pytest.raises(Refused, match=f"no template “{name}” for vips"):
            wordings.compose(incident(), audience, "declared", "investigating")


def test_text_that_is_too_long_is_truncated(wordings: Wordings, runbook: Runbook) -> None:
    about = incident(title="x" * 300, facts={"update": "y" * 3000, "actions": "z" * 3000})
    subject, text = words(wordings.compose(about, runbook.audiences["stakeholders"], "update", "investigating"))

    assert (len(subject), len(text)) == (SUBJECT_LENGTH, TEXT_LENGTH)


def test_every_shipped_template_is_plain_text_with_a_headline() -> None:
    assert {"client", "internal", "public", "stakeholder"} <= set(TEMPLATES)
    for name in TEMPLATES:
        assert "<" not in Path(templates_folder() / "email" / f"{name}.j2").read_text("utf-8")

"""A draft runbook from a team's documents: it has everything they say, and nothing else."""

from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from bot.cli import main
from bot.cli.importing import import_
from bot.markdown.drafts import Draft, draft_of, written
from bot.runbook import Runbook, read
from tests.markdown.constructs import CONSTRUCTS
from tests.markdown.test_procedures import MARKDOWN


def drafted(text: str) -> tuple[Draft, Runbook]:
    draft = draft_of([("a.md", dedent(text))])
    return draft, read(written(draft), {})


def test_tables_of_contacts_severities_escalations_and_objectives_are_read() -> None:
    _, runbook = drafted(
        """\
        # Example Rowing
        | Role | Name | Contact | Availability |
        |---|---|---|---|
        | On-call Engineer | TBD | oncall@example.com | 24/7 |
        | Coach | Ada Obi | +44 7700 900123 | office hours |

        ## Severity
        | Level | Description | Response Time | Resolution | Examples |
        |---|---|---|---|---|
        | **P1** | Critical - Sunk | < 15 min | 4 hours | Leak, fire |
        | P2 | Slow | Next business day | 2 weeks | Wind |

        ## Matrix
        | Severity | First Responder | Escalate After | Escalate To |
        |---|---|---|---|
        | P1 | On-call Engineer | 15 min | Coach |
        | P1 | Coach | 30 min | President |

        ## Recovery
        | Scenario | RTO | RPO | Priority |
        |---|---|---|---|
        | Boat lost | 30 minutes | 24 hours | P1 (Critical) |
        | Oar lost | 1 hour | N/A | P2 |
        """
    )
    assert [(one.name, one.email, one.phone, one.availability) for one in runbook.people.values()] == [
        ("On-call Engineer", "oncall@example.com", None, "24/7"),
        ("Ada Obi (Coach)", None, "+447700900123", "office hours"),
    ]
    first, second = runbook.severities
    assert (first.name, first.means, first.examples) == ("Critical", "Sunk", ("Leak", "fire"))
    assert first.respond_within and first.resolve_within
    assert (first.respond_within, first.resolve_within.total_seconds()) == (first.escalation.steps[0].wait, 4 * 3600)  # type: ignore[union-attr]
    assert second.respond_within == "next business day"
    assert [step.page for step in first.escalation.steps] == ["on-call-engineer", "coach", "president"]
    assert [step.wait.total_seconds() for step in first.escalation.steps[:2]] == [900, 1800]
    assert [str(who) for who in runbook.tiers["coach"].who] == ["ada-obi-coach"]
    assert runbook.tiers["president"].who == ()
    assert [(one.scenario, one.severity) for one in runbook.objectives] == [("Boat lost", "P1"), ("Oar lost", "P2")]
    assert runbook.objectives[1].rpo is None


def test_lists_of_contacts_severities_checks_and_upkeep_are_read() -> None:
    draft, runbook = drafted(
        """\
        # Example Choir
        ## Contacts
        ### Response Team
        - **Lead**: `lead@example.com`
        - **Phone**: +44XXXXXXX
        - **Slack**: #choir-incidents
        ### Service Providers
        - **Hosting:** Example Hosting (help@example.com)
        ## Escalation path
        1. Lead
        2. Chair
        ## Severities
        ### High (P1)
        - No sound
        - No light

        **Response Time**: 15 minutes
        **Resolution Time**: 4 hours
        ## Verification checklist
        - [ ] They sing
        ## Post-incident checklist
        ### Short-term (24-48 hours)
        - [ ] Written down
        - [ ] Monitor for 2 hours
        ## Upkeep
        **Weekly tasks** (mostly):
        - Tune
        ### Quarterly
        - Call everybody
        ## Targets
        - **RTO (time)**: 2 hours
        ## Post-mortem
        - Draft within 48 hours
        ## Problems
        ### No sound
        #### Symptoms
        - Silence
        #### Immediate actions
        ```bash
        # Look at the wires
        wires --list

        # Plug them in
        plug --all
        ```
        ### Nothing of use
        Be kind.
        """
    )
    assert runbook.channels.incidents == "#choir-incidents"
    assert (runbook.people["lead"].email, list(runbook.providers)) == ("lead@example.com", ["hosting"])
    assert [(key, [str(who) for who in tier.who]) for key, tier in runbook.tiers.items()] == [
        ("lead", ["lead"]), ("chair", [])
    ]  # fmt: skip
    (severity,) = runbook.severities
    assert (severity.id, severity.name, severity.examples) == ("P1", "High", ("No sound", "No light"))
    assert [one.do for one in runbook.checklists.verification] == ["They sing"]
    assert [(one.do, str(one.within)) for one in runbook.checklists.aftercare] == [
        ("Written down", "2 days, 0:00:00"), ("Monitor for 2 hours", "2 days, 0:00:00")
    ]  # fmt: skip
    assert str(runbook.after_resolution.watch_for) == "2:00:00"
    assert [(one.do, one.every) for one in runbook.maintenance.tasks] == [
        ("Tune", "week"),
        ("Call everybody", "quarter"),
    ]
    assert str(runbook.objectives[0].rto) == "2:00:00"
    assert str(runbook.postmortem.draft_within) == "2 days, 0:00:00"
    procedure = runbook.procedures["no-sound"]
    assert procedure.symptoms == ("Silence",)
    assert [(step.text, step.run) for step in procedure.steps] == [
        ("Look at the wires", "wires --list"), ("Plug them in", "plug --all")
    ]  # fmt: skip
    assert [note.what for note in draft.notes if not note.understood] == ["Response Team", "Nothing of use"]
    assert "#   Phone: +44XXXXXXX" in written(draft)
    assert "#   Be kind." in written(draft)
    assert "TODO: who is “Chair”?" in written(draft)


def test_rules_for_owing_a_post_mortem_are_read_and_unclear_ones_left_out() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Severities
        | Level | Response Time |
        |---|---|
        | P1 | 15 min |
        | P2 | 1 hour |
        | P3 | 4 hours |
        ## Post-mortem
        ### When required
        - Every P1
        - P2 for more than 45 minutes
        - Any incident affecting the deliveries
        - When the team wants one
        ### Timeline
        - Draft within 2 days
        """
    )
    first, second, third = (one.postmortem for one in runbook.severities)
    assert (str(first), str(third)) == ("required", "optional")
    assert "2700" in repr(second)
    assert runbook.postmortem.also_for == ("deliveries",)
    assert str(runbook.postmortem.draft_within) == "2 days, 0:00:00"
    assert [note.text for note in draft.notes if not note.understood] == ["When the team wants one"]


def test_a_backup_policy_without_a_url_becomes_a_comment_that_asks_for_it() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Backup policy
        - **Orders:** Hourly, 14-day retention
        - **Code:** in a repository
        """
    )
    assert runbook.backups == {}
    asked, key = written(draft).partition("backups: {}")[0].splitlines()[-1], "backups: {}"
    assert key in written(draft) and "Orders: Hourly, 14-day retention; Code: in a repository" in asked
    assert all(note.understood for note in draft.notes)


def test_a_backup_policy_takes_its_url_from_the_variable_commands_use() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Objectives
        | Scenario | RTO | RPO |
        |---|---|---|
        | Database lost | 45 min | 12 hours |
        ## Backup strategy
        - **Database:** Daily at 3:30 PM, kept for 14 days
        - **Code:** in a repository
        ## Restore
        1. Look
           ```
           ls -la /srv/backups/songs/
           ```
        2. Restore
           ```
           mongorestore --uri="$SONGS_URI" --db=songs --gzip /srv/backups/songs/<time>
           mongosh "$SONGS_URI" --eval 'db.stats()'
           mongosh "$OTHER_URI"
           ```
        """
    )
    backup = runbook.backups["database"]
    assert (backup.kind, backup.target.reveal()) == ("mongodb", "mongodb://TODO")
    assert (backup.database, str(backup.to), backup.at.isoformat()) == ("songs", "/srv/backups/songs", "15:30:00")
    assert [str(span) for span in (backup.keep, backup.rpo, backup.rto)] == ["14 days, 0:00:00", "12:00:00", "0:45:00"]
    text = written(draft)
    assert "mongodb: ${SONGS_URI:-mongodb://TODO}" in text and "TODO: set SONGS_URI" in text
    assert [note.text for note in draft.notes if not note.understood] == ["Code: in a repository"]


def test_things_people_look_at_become_health_checks_with_the_documents_limits() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Monitoring
        Schedule: every 3 minutes
        ## First look
        1. **Verify services:**
           - Website loading: https://choir.example.com
           - Songs: songs of the day
        2. Ask the machines
           ```bash
           # Check the API
           curl -fsS https://api.choir.example.com/health
           curl -X POST https://api.choir.example.com/health/alarm
           curl https://api.choir.example.com/songs
           curl https://$HOST/health
           # Is it there twice?
           curl -I https://api.choir.example.com/health
           nc -zv db.choir.example.com 5432
           ```
        ## Key metrics
        - **Response time**: 95th percentile < 1.5s
        - **Availability**: > 99.5%
        - **Database connections**: < 75% of max
        - **Errors**: < 1%
        ## Load tests
        ```
        curl https://test.choir.example.com/health
        ```
        """
    )
    checks = {key: (one.kind, str(one.target)) for key, one in runbook.health.checks.items()}
    assert checks == {
        "website": ("http", "https://choir.example.com"),
        "api": ("http", "https://api.choir.example.com/health"),
        "db-choir-example-com-5432": ("tcp", "db.choir.example.com:5432"),
    }
    assert [str(getattr(runbook.health.checks[key], "slow", None)) for key in ("website", "api")] == [
        "0:00:01.500000"
    ] * 2
    assert (str(runbook.health.every), runbook.health.availability) == ("0:03:00", 99.5)
    assert "TODO: the address of the database, for connections_below: 75%" in written(draft)
    assert [note.text for note in draft.notes if not note.understood and note.place == "health"] == [
        "Schedule: every 3 minutes", "Errors: < 1%"
    ]  # fmt: skip
    assert "load-tests" in runbook.procedures


def test_omitted_text_is_kept_as_a_comment_near_its_subject_or_after_what_precedes_it() -> None:
    draft, _ = drafted(
        """\
        # X
        Read all of it.
        ## Doors
        1. Close them
        ## Poem
        The doors are closed.
        ## When to escalate
        - Somebody complains
        ## Windows
        1. Close them
        ## Songs
        Sing.
        """
    )
    text = written(draft)
    order = [text.index(words) for words in (
        "Read all of it.", "tiers:", "Somebody complains", "  doors:", "  #   The doors", "  windows:", "  #   Sing."
    )]  # fmt: skip
    assert order == sorted(order)


def test_channels_and_severities_a_document_names_are_read_but_not_heading_numbers() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Severities
        | Level | Response time |
        |---|---|
        | P1 | 15 min |
        ## Phase 2: Triage
        1. Open a channel: `#fire-YYYY-MM-DD-what`
        2. Post in #town if users noticed
        ## 3. The organ is silent (P1)
        1. Listen
        ## Communication channels
        - Slack: #choir
        - Email: choir@example.com
        ### Symptoms
        - Nothing
        ## Triage
        1. Look
        ## Post-incident work
        ### Documents
        - Revise the songs within 2 days
        - Update the list
        ### Thanks
        - Cake
        """
    )
    assert (runbook.channels.prefix, runbook.channels.public, runbook.channels.incidents) == ("fire", "#town", "#choir")
    assert [(key, one.title, one.severity) for key, one in runbook.procedures.items()] == [
        ("triage", "Triage", None),
        ("the-organ-is-silent", "The organ is silent", "P1"),
        ("triage-x", "Triage (X)", None),
    ]  # fmt: skip
    assert "email" not in runbook.people
    assert [(one.do, str(one.within)) for one in runbook.checklists.aftercare] == [
        ("Revise the songs within 2 days", "2 days, 0:00:00"), ("Update the list", "None")
    ]  # fmt: skip
    assert [note.text for note in draft.notes if not note.understood] == [
        "Email: choir@example.com", "Nothing", "Cake"
    ]  # fmt: skip


def test_a_number_in_a_severitys_example_is_not_taken_for_a_target() -> None:
    _, runbook = drafted(
        """\
        # X
        ## High (P1)
        - Slow response times (> 2 seconds)
        - Not fixed after 3 hours

        **Response Time**: < 30 minutes
        Fix within 5 hours
        """
    )
    assert runbook.severities[0].examples == ("Slow response times (> 2 seconds)", "Not fixed after 3 hours")
    assert str(runbook.severities[0].respond_within) == "0:30:00"
    assert str(runbook.severities[0].resolve_within) == "5:00:00"


def test_the_notice_period_of_planned_work_is_read_and_its_steps_stay_a_procedure() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Planned maintenance
        1. **Announcement:**
           - 36-hour advance notice
        2. Do the work
           ```bash
           work
           ```
        ## Deliveries
        1. Call them two days or 48 hours ahead
        """
    )
    assert str(runbook.maintenance.notice) == "1 day, 12:00:00"
    assert list(runbook.procedures) == ["planned-maintenance", "deliveries"]
    assert next(note.understood for note in draft.notes) == "maintenance.notice, 36h"


def test_a_decision_tree_becomes_questions_and_a_drawing_nothing() -> None:
    _, runbook = drafted(
        """\
        # X
        ## Roll back?
        ```
        Was there a deployment?
        ├── YES → Roll back
        └── NO → Look further
        ```
        ## Picture
        ```
        ┌───┐
        └───┘
        ```
        """
    )
    (one,) = runbook.procedures.values()
    assert one.steps[0].answers == {"Yes": "Roll back", "No": "Look further"}


def test_descriptions_are_no_procedure_and_instructions_are() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Critical services
        1. Authentication service (Example ID)
        2. Payment processing
        ## Core components
        1. **Alert System**: real-time notifications
        ## Restart services
        1. The front end
        ## Affected services
        1. Payments: restart them
        ## Backing services
        1. Queue
           ```bash
           queue restart
           ```
        ## When it burns
        1. Ada, with the bucket
        """
    )
    assert list(runbook.procedures) == ["restart-services", "affected-services", "backing-services", "when-it-burns"]
    assert [note.what for note in draft.notes if not note.understood] == ["Critical services", "Core components"]


def test_open_points_of_the_document_are_asked_in_its_own_words() -> None:
    draft, runbook = drafted(
        """\
        # X
        ## Targets
        - RTO: 2 hours
        - RPO: 1 day, of orders
        ## Release checklist
        - [ ] The notes are written
        ## Rollback
        1. If it is broken, roll back
        """
    )
    text = written(draft)
    assert [one.scenario for one in runbook.objectives] == ["Targets"]
    assert "which disaster is “Targets” about? The document names none, and says: RTO: 2 hours; RPO: 1 day" in text
    assert "# TODO: is “Release checklist” for the beginning of an incident?" in text
    # Editors that read YAML 1.1 take a bare `Yes` for true.
    assert '"Yes": Roll back' in text and '"No": Stop' in text


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_any_markdown_gives_a_readable_draft(text: str) -> None:
    draft = draft_of([("a.md", text)])
    assert written(draft)


@pytest.mark.parametrize("text", CONSTRUCTS)
def test_every_commonmark_construct_is_understood_or_reported_as_left_out(text: str) -> None:
    draft = draft_of([("a.md", f"# Example\n\n## Look\n1. Look\n\n## Words\n\n{text}")])
    assert "look" in read(written(draft), {}).procedures
    assert draft.notes


def test_the_command_prints_a_draft_that_passes_check_and_says_what_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Example\n## Look\n1. Look\n## Words\nBe kind.\n")
    (tmp_path / "words.md").write_text("Be kind.\n")
    done = CliRunner().invoke(import_, [str(tmp_path / "a.md")])
    assert done.exit_code == 0
    assert list(read(done.stdout, {}).procedures) == ["look"]
    assert "a.md:2: Look: understood as procedure look (1 step)" in done.stderr
    assert "a.md:4: Words: left out:" in done.stderr
    nothing = CliRunner().invoke(import_, [str(tmp_path / "words.md")])
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert CliRunner().invoke(main, ["import", str(tmp_path / "gone.md")]).exit_code == 2


def test_front_matter_describes_a_documents_only_procedure_and_its_other_keys_are_kept() -> None:
    front = "---\ntitle: Disk full\nseverity: p1\nalerts: Disk*\nreview_by: 2030-01-02\nowner: platform\n---\n"
    severity = "# Severity\n| Level | Description |\n|---|---|\n| P1 | Sunk |\n"
    draft = draft_of([("disk.md", f"{front}1. Look\n"), ("severity.md", severity)])
    (procedure,) = read(written(draft), {}).procedures.values()
    assert (procedure.title, procedure.severity, procedure.alerts) == ("Disk full", "P1", ("Disk*",))
    assert str(procedure.review_by) == "2030-01-02"
    assert "#   owner: platform" in written(draft)
    alone = written(draft_of([("disk.md", f"{front}1. Look\n")]))
    assert "TODO: P1, which procedure disk-full is for" in alone


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("title: " + "[" * 3000, "cannot be read as YAML"), ("a: b: c", "cannot be read as YAML"),
        ("severity: grave", "no key"), ("review_by: soon", "no key"),
    ],
)  # fmt: skip
def test_invalid_front_matter_is_reported_as_left_out(front: str, said: str) -> None:
    draft = draft_of([("a.md", f"---\n{front}\n---\n1. Look\n")])
    assert [said in note.why for note in draft.notes if note.what == "front matter"] == [True]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_document_in_another_encoding_is_refused_saying_what_to_do(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes("# Stör\n1. Look at it\n".encode(encoding))
    done = CliRunner().invoke(main, ["import", str(tmp_path / "a.md")])
    assert done.exit_code == 2 and "save the file as UTF-8" in done.stderr


def test_texts_for_audiences_become_templates_that_check_renders(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(TEXTS)
    folder = tmp_path / "words"
    done = CliRunner().invoke(import_, [str(tmp_path / "a.md"), "--templates", str(folder)])
    assert done.exit_code == 0
    assert [file.name for file in sorted(folder.iterdir())] == ["client.j2", "internal.j2"]
    assert "Template: left out: it doesn't say which audience reads it" in done.stderr
    (tmp_path / "runbook.yml").write_text(done.stdout)
    letters = tmp_path / "letters"
    checked = CliRunner().invoke(main, ["check", str(tmp_path / "runbook.yml"), "--render", str(letters)])
    assert checked.exit_code == 0, checked.output
    declared = (letters / "client-declared.txt").read_text()
    assert declared.startswith("Subject: Service update\n\nDear client,\n\nExpected resolution: ")
    assert (
        "Status: investigating\nServices: [to be confirmed]\nBraces {{ stay }} [link](https://example.com)" in declared
    )
    assert "Dear client,\n\nExpected resolution" not in (letters / "client-resolved.txt").read_text()
    assert (letters / "internal-resolved.txt").read_text().startswith("Subject: RESOLVED - P")
    again = CliRunner().invoke(import_, [str(tmp_path / "a.md"), "--templates", str(folder)])
    assert "client.j2: is there already, and stays as it is" in again.stderr


TEXTS = """\
# X
## Templates
### Client communication
```
Subject: Service update

Dear client,

Expected resolution: [TIME]
Status: [STATUS]
Services: [SERVICES]
Braces {{ stay }} [link](https://example.com)
```
### Internal (resolution)
```
RESOLVED - P[SEVERITY]

**Duration**: [Total]
```
### Template
```
To whom?

Nobody knows.
```
"""


def test_the_front_matters_title_outranks_the_heading() -> None:
    text = "---\ntitle: Payments are failing\n---\n# Runbook 7\n\n1. Look at the queue\n\n       redis-cli llen jobs\n"
    draft, runbook = drafted(text)
    (procedure,) = runbook.procedures.values()
    assert procedure.title == "Payments are failing"
    assert [note.place for note in draft.notes if note.line == 2] == [f"procedures.{procedure.key}"]


def test_the_title_of_a_document_with_several_procedures_is_the_documents() -> None:
    steps = "".join(f"## {what}\n\n1. Look at the {what}\n\n       see {what}\n\n" for what in ("queue", "disk"))
    draft, runbook = drafted(f"---\ntitle: Example Rowing\n---\n# Runbook 7\n\n{steps}")
    assert runbook.organisation == "Example Rowing"
    assert [note.place for note in draft.notes if note.line == 2] == ["organisation"]

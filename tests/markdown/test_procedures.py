"""A procedure kept as Markdown: which parts are steps, commands, questions or notes."""

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.markdown import key_of, read_procedure
from bot.runbook import Runbook, RunbookMistakes, load
from tests.markdown.constructs import CONSTRUCTS

SMALLEST = "organisation: X\npeople: {ada: {}}\ntiers: {oncall: {who: [ada]}}\nseverities: [{id: P1, name: Bad}]\n"


def steps(text: str) -> list[dict[str, Any]]:
    return list(read_procedure(dedent(text), "x").content["steps"])


def with_files(folder: Path, files: dict[str, str], extra: str = "") -> Runbook:
    (folder / "runbooks").mkdir()
    for name, text in files.items():
        (folder / "runbooks" / name).write_text(dedent(text))
    (folder / "runbook.yml").write_text(SMALLEST + 'procedure_files: ["runbooks/*.md"]\n' + extra)
    return load(folder / "runbook.yml", {})


def test_numbered_items_and_headings_with_commands_are_steps_and_nested_items_their_notes() -> None:
    assert steps(
        """\
        # Disk full
        Some words.

        ## Look
        ```bash
        df -h
        ```
        ## Only words
        They are no step.

        ## Clean
        1. **Remove** logs:
           - Keep today's
           ```
           rm /var/log/*.gz
           ```
        2. Tell <person>

        - [ ] Write it down
        """
    ) == [
        {"do": "Look", "run": "df -h"},
        {"do": "Remove logs", "run": "rm /var/log/*.gz", "notes": ["Keep today's"]},
        {"do": "Tell <person>"},
        {"do": "Write it down"},
    ]


def test_prompts_and_sample_output_are_not_commands() -> None:
    assert steps(
        """\
        1. Look

           ```console
           $ df -h \\
           >  /var
           Filesystem  Used
           root@db1:~# du -s /var
           ```
           You should see:
           ```
           900 /var
           ```
           ```json
           {"used": 900}
           ```
        """
    ) == [{"do": "Look", "run": "df -h \\\n /var\ndu -s /var"}]


def test_an_arrow_in_a_program_is_not_a_prompt() -> None:
    program = "node -e '\nrun()\nerr=> stop()\n'"
    assert steps(f"## Look\n```\n{program}\n```\n") == [{"do": "Look", "run": program}]


def test_a_line_that_begins_with_if_is_a_question_that_leads_on() -> None:
    asked = steps(
        """\
        1. If there was a deployment, roll back. Otherwise, restart
        2. If it is still down:
           ```
           systemctl restart web
           ```
        3. Watch
           - If the errors go on, page the lead
        """
    )
    assert asked[0] == {"ask": "Was there a deployment?", "answers": {"Yes": "Roll back", "No": "Restart"}}
    assert asked[1]["ask"] == "Is it still down?"
    assert asked[1]["answers"] == {"Yes": "Continue with the next step", "No": "Go to step 4"}
    assert asked[2]["run"] == "systemctl restart web"
    assert asked[3] == {"do": "Watch"}
    assert asked[4]["answers"] == {"Yes": "Page the lead", "No": "Stop"}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("If payments are failing", "Are payments failing?"), ("If CPU usage is high", "Is CPU usage high?"),
        ("If that is so", "Is that so?"), ("If payments fail", "Payments fail?"),
        ("If what you see is red", "What you see is red?"), ("If you need more room", "Do you need more room?"),
    ],
)  # fmt: skip
def test_a_condition_becomes_a_natural_question(written: str, asked: str) -> None:
    assert steps(f"1. {written}: scale up\n")[0]["ask"] == asked


def test_a_condition_above_several_steps_leads_past_all_of_them() -> None:
    asked = steps(
        """\
        ## Stop the bleeding
        **If the site is down:**
        ```
        # Restart
        restart
        ```
        **If payments fail:**
        ```
        # 1. Look
        look
        # 2. Ask
        ask
        ```
        ## Maintenance
        If you have to take it down:

        1. Tell them
        2. Take it down
        """
    )
    assert [(one.get("ask") or one["do"], dict(one.get("answers", {})).get("No")) for one in asked] == [
        ("Is the site down?", "Go to step 3"),
        ("If the site is down", None),
        ("Payments fail?", "Go to step 6"),
        ("Look", None),
        ("Ask", None),
        ("Do you have to take it down?", "Stop"),
        ("Tell them", None),
        ("Take it down", None),
    ]


@pytest.mark.parametrize(
    "below",
    [
        "   - Scale up\n   - Tell Ada\n",
        "   1. Scale up\n   2. Tell Ada\n",
        "\n   Scale up, and tell Ada.\n",
        "   ```\n   scale\n   ```\n",
    ],
)
def test_steps_under_a_condition_apply_when_it_holds_and_no_skips_only_those(below: str) -> None:
    found = steps(f"1. Look\n2. If it is slow:\n{below}3. Verify it\n4. Close it\n")
    assert [one.get("do") or one["ask"] for one in found] == [
        "Look", "Is it slow?", "If it is slow", "Verify it", "Close it",
    ]  # fmt: skip
    assert found[1]["answers"]["No"] == "Go to step 4" and (found[2].get("notes") or found[2]["run"])


@pytest.mark.parametrize("before", ["**If the site is down:**\n\n", "Look at it:\n\nIf the site is down:\n\n"])
def test_a_list_below_a_condition_is_kept_in_every_shape(before: str) -> None:
    found = steps(f"{before}- Call Ada\n- Restart it\n\n**Afterwards:**\n\n1. Verify it\n")
    assert found[0]["answers"]["No"] == "Go to step 3"
    assert found[1]["notes"] == ["Call Ada", "Restart it"] and found[2]["do"] == "Verify it"


def test_an_otherwise_branch_is_kept_when_its_command_is_a_separate_step() -> None:
    asked, then, _ = steps("1. If it is slow, scale up; otherwise wait\n   ```\n   scale\n   ```\n2. Verify it\n")
    assert asked["notes"] == ["Otherwise: Wait"] and (then["do"], then["run"]) == ("Scale up", "scale")


def test_a_block_that_is_all_comments_holds_nothing_to_run() -> None:
    assert steps("## Caches\n```bash\n# In the dashboard\n# ...\n```\n") == [
        {"do": "Caches", "notes": ["In the dashboard"]}
    ]


@pytest.mark.parametrize("last", ["If it is full, page the lead", "If it is full"])
def test_no_answer_to_the_last_question_leads_to_a_missing_step(last: str) -> None:
    asked = steps(f"1. If it is down, restart it\n2. {last}\n")
    assert asked[0]["answers"] == {"Yes": "Restart it", "No": "Continue with the next step"}
    assert asked[1]["answers"]["No"] == "Stop"
    assert "next step" not in str(asked[1])


def test_numbered_comments_in_one_block_are_steps() -> None:
    assert steps("## Restore\n```\n# 1. Stop it\npm2 stop app\n\n# 2. Tell the users\n```\n") == [
        {"do": "Stop it", "run": "pm2 stop app"},
        {"do": "Tell the users"},
    ]


def test_a_file_is_a_procedure_named_after_it_with_its_front_matters_settings(tmp_path: Path) -> None:
    front = "---\ntitle: Full\nseverity: p1\nalerts: Disk*\nreview_by: 2030-01-02\nowner: {a: b}\n---\n"
    body = "# Another\n\n## Symptoms\n- No room\n\n1. Look\n"
    runbook = with_files(tmp_path, {"disk-full.md": front + body, "README.md": "words"})
    (one,) = runbook.procedures.values()
    assert (one.key, one.title, one.severity, one.alerts, one.symptoms) == (
        "disk-full", "Full", "p1", ("Disk*",), ("No room",)
    )  # fmt: skip
    assert str(one.review_by) == "2030-01-02"


def test_every_mistake_names_its_file_and_line(tmp_path: Path) -> None:
    files = {
        "a.md": "---\nalerts: x\nseverity: P9\n---\n1. Look\n",
        "b.md": "Words.\n",
        "fire.md": "1. Run\n",
        "long.md": f"1. Short\n2. {'x' * 4000}\n",
        "yaml.md": "---\ntitle: [\n---\n1. Look\n",
    }
    with pytest.raises(RunbookMistakes) as wrong:
        with_files(tmp_path, files, "procedures: {fire: {steps: [Leave]}}\n")
    found = {(Path(one.file or "").name, one.line, one.path) for one in wrong.value.mistakes}
    assert found >= {
        ("a.md", 3, "procedures.a.severity"),
        ("b.md", 1, "procedures.b"),
        ("fire.md", 1, ""),
        ("long.md", 2, "procedures.long.steps[1].do"),
    }
    assert "yaml.md" in {name for name, _, _ in found}
    assert "runbooks/a.md:3: procedures.a.severity: there is no severity “P9”" in str(wrong.value)


def test_an_unreadable_file_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "latin.md").write_bytes(b"1. Look\n\n2. caf\xe9\n")
    (folder / "large.md").write_bytes(b"1. Look\n" * 40_000)
    (folder / "gone.md").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.md")
    (tmp_path / "runbook.yml").write_text(SMALLEST + 'procedure_files: ["runbooks/*.md", "no/*.md"]\n')
    with pytest.raises(RunbookMistakes) as wrong:
        load(tmp_path / "runbook.yml", {})
    found = {(Path(one.file or "-").name, one.line) for one in wrong.value.mistakes}
    assert found == {("latin.md", 3), ("large.md", 1), ("gone.md", 1), ("pipe.md", 1), ("-", 5)}


PIECES = st.sampled_from(
    ["# ", "## A\n", "1. ", "- ", "   ", "\n", "```", "```sh\n", "$ ", "If ", ", ", "> ", "|", "|--|\n", "**", "[x] ", 
     "x", "---\n", "a: b\n", "<b>", "<!--", "&", "`", "](", "[", "\\", "Otherwise, ", "\t",
     "# 1. y\n", "# 2. z\n", "<<E\n", "\0", "\r\n"]
)  # fmt: skip
MARKDOWN = st.one_of(
    st.text(), st.lists(PIECES, max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(CONSTRUCTS), PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(CONSTRUCTS), max_size=6).map("\n".join),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(MARKDOWN)
def test_any_markdown_is_either_a_procedure_or_a_list_of_mistakes(text: str) -> None:
    read = read_procedure(text, "x")
    assert bool(read.content["steps"]) or read.mistakes
    for step in read.content["steps"]:
        assert "run" not in step or "ask" not in step


@pytest.mark.parametrize(
    ("name", "key"), [("disk-full", "disk-full"), ("Disk full (prod)", "Disk-full-prod"), ("!", "")]
)
def test_a_name_becomes_a_key(name: str, key: str) -> None:
    assert key_of(name) == key

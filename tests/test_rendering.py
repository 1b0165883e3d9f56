"""The words that this process renders don't change when files are replaced meanwhile."""

import re
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound

from bot.rendering import Rendering, duration_spelt
from bot.shipped import templates_folder


@pytest.mark.parametrize(("span", "said"), [
    (timedelta(seconds=20), "less than a minute"), (timedelta(minutes=18, seconds=5), "18 minutes"),
    (timedelta(minutes=59, seconds=40), "1 hour"), (timedelta(hours=2, minutes=1), "2 hours 1 minute"),
    (timedelta(hours=23, minutes=59, seconds=50), "1 day"), (timedelta(days=3, hours=4, minutes=20), "3 days 4 hours"),
])  # fmt: skip
def test_mails_show_a_duration_as_people_say_it(span: timedelta, said: str) -> None:
    assert duration_spelt(span) == said


def test_texts_stored_or_read_outside_slack_name_people_by_their_names() -> None:
    """`name` may return Slack markup for a person, which is interpreted only in messages."""
    kept = (templates_folder() / "documents").glob("*.j2")
    assert [one.name for one in kept if re.search(r"\|\s*(?:name|mention)\b", one.read_text("utf-8"))] == []


def test_a_running_process_uses_its_own_templates_while_an_upgrade_replaces_the_files(tmp_path: Path) -> None:
    (tmp_path / "slack").mkdir()
    words, part = tmp_path / "slack" / "words.j2", tmp_path / "slack" / "_part.j2"
    words.write_text("{% include '_part.j2' %}: {{ fact }}", "utf-8")
    part.write_text("old", "utf-8")
    rendering = Rendering(UTC, tmp_path)
    words.write_text("{{ a_fact_of_the_newer_version }}", "utf-8")
    part.unlink()

    assert rendering.say("slack/words", fact="1 < 2") == "old: 1 &lt; 2"
    with pytest.raises(TemplateNotFound):
        rendering.say("slack/other")

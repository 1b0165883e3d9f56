"""The words that this process says, whatever is put beside it meanwhile."""

from datetime import UTC
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound

from bot.rendering import Rendering


def test_a_process_says_what_its_own_version_has_to_say_while_an_upgrade_replaces_the_files(tmp_path: Path) -> None:
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

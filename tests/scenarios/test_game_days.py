"""Which scenario a drill's title asks for."""

from pathlib import Path

import pytest

from bot.domain.errors import NotFound
from bot.scenarios import Shelf


@pytest.mark.parametrize(
    ("typed", "title", "name"),
    [
        ("Payments failing with nobody-answers", "Payments failing", "nobody-answers"),
        ("Trouble with payments With Nobody Answers", "Trouble with payments", "nobody-answers"),
        ("with nobody-answers.yml", "", "nobody-answers"),
        ("Our own with flood", "Our own", "flood"),
        ("Trouble with payments", "Trouble with payments", None),
        ("The database is gone, with all of it", "The database is gone, with all of it", None),
        ("Herewith nobody-answers", "Herewith nobody-answers", None),
    ],
)
def test_a_title_asks_for_a_scenario_only_by_its_name(typed: str, title: str, name: str | None, tmp_path: Path) -> None:
    (tmp_path / "flood.yml").write_text("title: The cellar\nscript: [{at: +0, inject: Water}]\n")

    assert Shelf(tmp_path).asked_for(typed) == (title, name)


@pytest.mark.parametrize("word", ["nobody-answer", "something-else", "mine.yml"])
def test_an_unknown_scenario_name_is_refused_with_the_known_ones(word: str) -> None:
    with pytest.raises(NotFound, match="Nothing was declared") as refusal:
        Shelf(None).asked_for(f"Payments failing with {word}")

    assert "nobody-answers" in str(refusal.value)

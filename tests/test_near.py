"""Which tests are near a change."""

import pytest

from tests.near import near


@pytest.mark.parametrize(
    ("path", "told", "not_told"),
    [
        ("bot/store/paging/pages.sql", "tests/stories/paging", "tests/stories/alerts"),
        ("bot/services/outbox/sending.py", "tests/store/outbox", "tests/stories/paging"),
        ("bot/wire/mail/letters.py", "tests/wire", "tests/stories"),
        ("templates/slack/backup_card.j2", "tests/stories/backups", "tests/stories/paging"),
        ("tests/stories/paging/test_paging.py", "tests/stories/paging/test_paging.py", "tests/stories/paging"),
        ("docs/architecture.md", "tests/test_docs.py", "tests/stories/paging"),
    ],
)
def test_a_change_is_tested_in_the_rooms_with_its_name(path: str, told: str, not_told: str) -> None:
    found = near([path])
    assert told in found
    assert not_told not in found and "tests" not in found


@pytest.mark.parametrize("path", ["bot/clock.py", "tests/world.py", "bot/store/migrations/0001.sql", "pyproject.toml"])
def test_a_path_without_a_room_concerns_everything(path: str) -> None:
    assert near(["docs/style.md", path]) == ["tests"]

"""Lists of names, as people say them."""

from bot.domain.text import either


def test_names_are_listed_as_people_say_them() -> None:
    assert [either(["P1"]), either(["P1", "P2"]), either(["P1", "P2", "P3"])] == ["P1", "P1 or P2", "P1, P2 or P3"]

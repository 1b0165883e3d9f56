"""By what a person is found in a text, and by what they are not."""

import re

import pytest

from bot.domain.people.identity import Identity

ADA = Identity(
    keys=frozenset({"ada"}),
    accounts=frozenset({"U0ADA"}),
    names=frozenset({"Ada Öbi"}),
    addresses=frozenset({"ada@example.com"}),
    phones=frozenset({"+447700900001"}),
)


@pytest.mark.parametrize(
    "said",
    [
        "ask <@U0ADA>, please", "<@U0ADA|ada.o>", "U0ADA:", "Ada Öbi's", "ada\nöbi", "inc-ada-öbi-left",
        "Write to ADA@example.com.",
        "+44 7700 900001", "+44 (7700) 900-001", "acknowledged:ada", r"Ada \u00d6bi",
    ],
)  # fmt: skip
def test_they_are_found_however_they_are_written(said: str) -> None:
    assert re.search(ADA.pattern, said, re.IGNORECASE)


@pytest.mark.parametrize(
    "said",
    [
        "ada restarted it", "U0ADAM", "Ada Öbison", "Canada Öbi", "ada@example.com.au", "nada@example.com",
        "x.ada@example.com",
        "+4477009000012", "12:ada2",
    ],
)  # fmt: skip
def test_what_only_looks_like_them_is_somebody_elses(said: str) -> None:
    assert not re.search(ADA.pattern, said, re.IGNORECASE)


def test_a_key_is_found_as_a_whole_string_of_json_that_is_no_tier_and_as_a_word_of_what_programs_call_things() -> None:
    assert re.findall(ADA.quoted, '{"lead": "ada", "tier": "ada", "ada": 1, "said": "ada did it"}') == ["ada", "ada"]
    assert re.search(ADA.in_keys, "acknowledged 1 0 ada") and not re.search(ADA.in_keys, "acknowledged 1 0 adam")


def test_within_the_longer_name_of_somebody_else_it_is_the_other_who_is_meant() -> None:
    ada = ADA.beside({"Ada Öbi-Wan", "Ada Öbi Junior", "Mary Ada Öbi", "Ben Moss", "Ada Öbi"})
    assert ada.others == {"Ada Öbi-Wan", "Ada Öbi Junior", "Mary Ada Öbi"}
    for other in ("Ada Öbi-Wan by Slack: sent", "ada öbi junior", "Mary Ada Öbi's", r"Ada \u00d6bi-Wan"):
        assert not re.search(ada.pattern, other, re.IGNORECASE)
    for own in ("Ada Öbi", "Ada Öbi - wants it", "Ada Öbi-Wanda", "inc-ada-öbi-left", "Ada Öbi and Ada Öbi-Wan"):
        assert len(re.findall(ada.pattern, own, re.IGNORECASE)) == 1

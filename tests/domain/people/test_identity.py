"""Which words in a text identify a person, and which only look like it."""

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
def test_a_person_is_found_in_every_spelling(said: str) -> None:
    assert re.search(ADA.pattern, said, re.IGNORECASE)


@pytest.mark.parametrize(
    "said",
    [
        "ada restarted it", "U0ADAM", "Ada Öbison", "Canada Öbi", "ada@example.com.au", "nada@example.com",
        "x.ada@example.com",
        "+4477009000012", "12:ada2",
    ],
)  # fmt: skip
def test_a_similar_name_or_address_is_somebody_elses(said: str) -> None:
    assert not re.search(ADA.pattern, said, re.IGNORECASE)


def test_a_persons_key_is_found_as_a_whole_json_string_except_for_tiers_and_as_a_word_in_an_idempotency_key() -> None:
    assert re.findall(ADA.quoted, '{"lead": "ada", "tier": "ada", "ada": 1, "said": "ada did it"}') == ["ada", "ada"]
    assert re.search(ADA.in_keys, "acknowledged 1 0 ada") and not re.search(ADA.in_keys, "acknowledged 1 0 adam")


def test_a_name_within_somebody_elses_longer_name_is_not_theirs() -> None:
    ada = ADA.beside({"Ada Öbi-Wan", "Ada Öbi Junior", "Mary Ada Öbi", "Ben Moss", "Ada Öbi"})
    assert ada.others == {"Ada Öbi-Wan", "Ada Öbi Junior", "Mary Ada Öbi"}
    for other in ("Ada Öbi-Wan by Slack: sent", "ada öbi junior", "Mary Ada Öbi's", r"Ada \u00d6bi-Wan"):
        assert not re.search(ada.pattern, other, re.IGNORECASE)
    for own in ("Ada Öbi", "Ada Öbi - wants it", "Ada Öbi-Wanda", "inc-ada-öbi-left", "Ada Öbi and Ada Öbi-Wan"):
        assert len(re.findall(ada.pattern, own, re.IGNORECASE)) == 1

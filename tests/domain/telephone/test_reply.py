"""What somebody means who answers a text."""

import pytest

from bot.domain.telephone.reply import TextReply, reply_of


@pytest.mark.parametrize("text", ["ack", "ACK", " Ack. ", "ack!", "Acknowledged", "acknowledge", "ok", "“ack”"])
def test_an_acknowledgement_is_known_as_people_type_it(text: str) -> None:
    assert reply_of(text) == TextReply("acknowledge")


@pytest.mark.parametrize("text", ["ack INC-12", "ACK inc-12", "ack 12", "ack: inc 12", "Ack #12."])
def test_it_may_name_an_incident(text: str) -> None:
    assert reply_of(text) == TextReply("acknowledge", "INC-12")


@pytest.mark.parametrize("text", ["back", "ack ack ack", "no ack", "ackack", "ack it for me", "", "INC-12", "ack 1e9"])
def test_what_is_not_plainly_an_acknowledgement_is_none(text: str) -> None:
    assert reply_of(text).wish == "nothing"


@pytest.mark.parametrize(
    ("text", "wish"),
    [("STOP", "stop"), ("stop.", "stop"), ("Unsubscribe", "stop"), ("START", "start"), ("stop it", "nothing")],
)
def test_the_words_that_end_the_texts_and_begin_them_again_stand_alone(text: str, wish: str) -> None:
    assert reply_of(text).wish == wish

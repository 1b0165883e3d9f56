"""What a reply to a text message means."""

import pytest

from bot.domain.telephone.reply import TextReply, reply_of


@pytest.mark.parametrize("text", ["ack", "ACK", " Ack. ", "ack!", "Acknowledged", "acknowledge", "ok", "“ack”"])
def test_an_acknowledgement_is_recognised_as_people_type_it(text: str) -> None:
    assert reply_of(text) == TextReply("acknowledge")


@pytest.mark.parametrize("text", ["ack INC-12", "ACK inc-12", "ack 12", "ack: inc 12", "Ack #12."])
def test_an_acknowledgement_may_name_an_incident(text: str) -> None:
    assert reply_of(text) == TextReply("acknowledge", "INC-12")


@pytest.mark.parametrize("text", ["back", "ack ack ack", "no ack", "ackack", "ack it for me", "", "INC-12", "ack 1e9"])
def test_a_reply_that_is_not_plainly_an_acknowledgement_is_not_one(text: str) -> None:
    assert reply_of(text).wish == "nothing"


@pytest.mark.parametrize(
    ("text", "wish"),
    [("STOP", "stop"), ("stop.", "stop"), ("Unsubscribe", "stop"), ("START", "start"), ("stop it", "nothing")],
)
def test_stop_and_start_words_count_only_when_they_stand_alone(text: str, wish: str) -> None:
    assert reply_of(text).wish == wish

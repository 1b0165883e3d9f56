"""What a mail server's 4xx means, in the words of well-known servers."""

import pytest

from bot.wire.mail.limits import meant_by

LIMITS = [
    (450, "4.7.1 Error: too much mail from 192.0.2.1"),
    (450, "4.7.1 Error: too many recipients from 192.0.2.1"),
    (421, "4.7.28 Our system has detected an unusual rate of mail originating from your IP address."),
    (421, "4.4.2 Message submission rate for this client has exceeded the configured limit"),
    (451, "4.7.651 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation."),
    (452, "Sender rate overlimit - 21.3 / 1h"),
    (454, "Throttling failure: Maximum sending rate exceeded."),
    (454, "4.7.0 Too many login attempts, please try again later."),
    (421, "Too many messages from you; slow down"),
]
CROWDS = [
    (421, "Too many concurrent SMTP connections; please try again later."),
    (421, "4.7.0 mail.test Error: too many connections from 192.0.2.1"),
    (421, "4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel"),
    (421, "4.7.1 Error: too many new TLS sessions from 192.0.2.1"),
]
ONE_LETTER = [
    (450, "4.2.0 <bob@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example.com/"),
    (451, "4.7.1 Greylisting in action, please come back later"),
    (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more"),
    (452, "4.2.2 The recipient's inbox is out of storage space or over quota"),
    (450, "4.1.8 Sender address rejected: Domain not found"),
    (451, "4.3.0 Temporary lookup failure"),
    (452, "4.3.4 Message exceeds a size limit"),
    (432, "4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"),
    (451, "Temporary local problem - please try later"),
    (552, "5.2.2 Mailbox exceeds its limit"),
    (550, "5.4.5 Daily sending quota exceeded"),
]
ONE_CONVERSATION = [
    (421, "too many messages in this connection"),
    (421, "4.4.2 mail.test Error: timeout exceeded"),
    (421, "4.7.0 mail.test Error: too many errors"),
    (421, "Service not available, closing transmission channel"),
]


@pytest.mark.parametrize(
    ("code", "words", "meant"),
    [(*said, meant) for meant, all_of in
     {"everything": LIMITS, "crowd": CROWDS, "letter": ONE_LETTER, "conversation": ONE_CONVERSATION}.items()
     for said in all_of],
)  # fmt: skip
def test_the_text_of_a_4xx_tells_whether_it_concerns_one_letter_or_all(code: int, words: str, meant: str) -> None:
    assert meant_by(code, words) == meant

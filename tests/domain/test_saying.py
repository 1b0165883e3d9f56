"""Other programs' error output, before it is shown to people."""

import pytest

from bot.domain.saying import LONGEST, cause_of, fit_to_show, with_going

REFUSED = """connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?"""


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            'connection failed: connection to server on socket "/run/s.1" failed: No such file or directory\n\tIs it?',
            "no server is listening on the socket /run/s.1",
        ),
        (
            'connection to server on socket "/run/s.1" failed: Connection refused\n\tIs it?',
            "Connection refused",
        ),
        (REFUSED, "Connection refused"),
        ('connection to server at "db", port 5432 failed: FATAL:  no such role', "no such role"),
        ("[Errno -2] Name or service not known", "[Errno -2] Name or service not known"),
        ("", ""),
    ],
)
def test_the_cause_is_at_the_end(said: str, cause: str) -> None:
    assert cause_of(said) == cause


def test_secrets_are_removed_the_longer_ones_first() -> None:
    assert fit_to_show("cannot open postgresql://ada:pw@db", ["pw", "postgresql://ada:pw@db"]) == "cannot open …"


def test_only_the_first_line_is_shown_truncated_to_fit() -> None:
    assert fit_to_show("\n\n first \n second") == "first"
    assert fit_to_show("x" * LONGEST) == "x" * LONGEST
    assert fit_to_show("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


def test_control_characters_become_blanks() -> None:
    assert fit_to_show("a\x1b[2Jb\x00c") == "a [2Jb c"


@pytest.mark.parametrize(
    "said",
    [
        "terminating connection because of crash of another server process",
        "terminating connection due to administrator command",
        "consuming input failed: SSL SYSCALL error: EOF detected",
        "consuming input failed: SSL error: unexpected eof while reading",
        "127.0.0.1:27017: [Errno 104] Connection reset by peer",
        "connection(127.0.0.1:27017[-4]) incomplete read of message header: EOF",
    ],
)
def test_a_lost_server_is_recognised_by_its_clients_error_messages(said: str) -> None:
    assert with_going(said, "in its words").endswith("(in its words)")


def test_any_other_error_is_not_taken_for_a_lost_server() -> None:
    assert with_going('relation "connections" does not exist', "in its words") == "in its words"

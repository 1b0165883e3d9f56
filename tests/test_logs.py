"""The log: one event per line, ids first, and never a secret."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from bot.logs import REDACTED, LineFormatter, Redactor, Style

ROOT = Path(__file__).parent.parent


def line(message: str, *args: object, style: Style = "text", secrets: tuple[str, ...] = (), **more: object) -> str:
    record = logging.LogRecord("bot.services.outbox.outbox", logging.WARNING, "", 0, message, args, None)
    vars(record).update(more)
    return LineFormatter(Redactor(secrets), style).format(record)


def test_a_text_line_has_time_level_and_logger_before_the_ids() -> None:
    said = line("delivery=%s kind=%s waiting error=%r", 5, "page", "no answer", created=0.0)

    assert said == (
        "1970-01-01T00:00:00.000Z warning services.outbox.outbox delivery=5 kind=page waiting error='no answer'"
    )


def test_json_has_the_ids_as_separate_fields() -> None:
    event = json.loads(line("delivery=%s kind=%s waiting", 5, "page", style="json", created=1.5))

    assert event == {
        "delivery": "5",
        "kind": "page",
        "at": "1970-01-01T00:00:01.500Z",
        "level": "warning",
        "logger": "services.outbox.outbox",
        "message": "delivery=5 kind=page waiting",
    }


def test_a_message_cannot_overwrite_a_json_field() -> None:
    assert json.loads(line("level=none logger=me", style="json"))["level"] == "warning"


@pytest.mark.parametrize("style", ["text", "json"])
def test_typed_text_cannot_forge_a_log_line(style: Style) -> None:
    said = line("title=%s", "harmless\n2026-01-01 critical forged\r\x1b[31m\u2028\x85", style=style)

    assert len(said.splitlines()) == 1
    assert "\x1b" not in said


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_is_redacted_from_message_arguments_and_traceback(style: Style) -> None:
    try:
        raise ValueError("cannot log in with hunter2-and-more")
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)

    said = line("password=%s", "hunter2-and-more", style=style, secrets=("hunter2-and-more",), exc_info=caught)

    assert "hunter2" not in said
    assert f"password={REDACTED}" in said
    assert f"ValueError: cannot log in with {REDACTED}" in said


def test_of_two_overlapping_secrets_the_longer_is_redacted_whole() -> None:
    redact = Redactor(["tiger", "postgresql://scott:tiger@db/orders"])

    assert redact("at postgresql://scott:tiger@db/orders") == f"at {REDACTED}"


def test_a_secret_with_regex_characters_is_matched_literally() -> None:
    assert Redactor(["a.c+(d"])("a.c+(d abc+(d") == f"{REDACTED} abc+(d"


@pytest.mark.parametrize(("secret", "shown"), [("abc", "abc"), ("abcd", REDACTED)])
def test_a_secret_shorter_than_four_characters_is_not_redacted(secret: str, shown: str) -> None:
    assert Redactor([secret])(secret) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("POST /alerts/generic?token=abc123&x=1", f"POST /alerts/generic?token={REDACTED}&x=1"),
        ("wss://slack.example/link/?ticket=abc-123", f"wss://slack.example/link/?ticket={REDACTED}"),
        ("GET /ack/eyJpZCI6MX0.sig", f"GET /ack/{REDACTED}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {REDACTED}"),
        ("with xoxb-123456-abcdef here", f"with {REDACTED} here"),
        ("with xapp-1-A0-123456 here", f"with {REDACTED} here"),
        ("tokens=3 and my-token=abc", "tokens=3 and my-token=abc"),
    ],
)
def test_secrets_in_known_places_are_redacted_without_being_registered(written: str, shown: str) -> None:
    assert Redactor()(written) == shown


def run_logging(script: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, because the root logger is global."""
    code = f"import logging\nfrom bot import logs\n{script}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )


def test_the_log_goes_to_stderr_and_not_into_a_commands_output() -> None:
    ran = run_logging("logs.configure()\nlogging.getLogger('bot.app').info('pid=1 started')")

    assert ran.stdout == ""
    assert ran.stderr.endswith(" info app pid=1 started\n")


def test_third_party_loggers_are_quiet_until_something_is_wrong() -> None:
    ran = run_logging(
        "logs.configure(level='DEBUG')\n"
        "for name in ('slack_bolt', 'aiohttp.access', 'apscheduler.executors'):\n"
        "    logging.getLogger(name).info('chatter')\n"
        "    logging.getLogger(name).warning('trouble')\n"
    )

    assert "chatter" not in ran.stderr
    assert ran.stderr.count("trouble") == 3


def test_third_party_loggers_respect_the_configured_level() -> None:
    ran = run_logging("logs.configure(level='ERROR')\nlogging.getLogger('psycopg.pool').warning('trouble')")

    assert ran.stderr == ""


def test_configuring_again_adds_secrets_but_no_second_handler() -> None:
    ran = run_logging(
        "logs.configure()\nlogs.configure(secrets=['hunter2'])\nlogging.getLogger('bot').info('x=hunter2')"
    )

    assert ran.stderr.count("\n") == 1
    assert "hunter2" not in ran.stderr


def test_a_python_warning_is_logged_like_any_other_event() -> None:
    ran = run_logging("import warnings\nlogs.configure(style='json')\nwarnings.warn('old')")

    assert json.loads(ran.stderr)["level"] == "warning"

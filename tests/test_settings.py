"""What the environment configures, and the messages for wrong values."""

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.domain.errors import Refused
from bot.settings import Settings, Smtp

HOME = {"HOME": "/home/ada"}


def settings(**environ: str) -> Settings:
    return Settings.from_environment({**HOME, **environ})


def refusal(**environ: str) -> str:
    with pytest.raises(Refused) as caught:
        settings(**environ)
    return str(caught.value)


def test_nothing_has_to_be_set() -> None:
    found = settings()
    assert (found.slack_bot_token, found.transport, found.database_url, found.smtp) == (None, None, None, None)
    assert (found.host, found.port, found.runbook) == ("127.0.0.1", 8080, Path("runbook.yml"))
    assert (found.slack_api_url, found.twilio_api_url) == ("https://slack.com/api/", "https://api.twilio.com")
    assert found.statuspage_api_url == "https://api.statuspage.io/v1"
    assert found.pagerduty_events_url == "https://events.pagerduty.com/v2/enqueue"
    assert (found.log_level, found.log_format) == ("INFO", "text")
    assert (found.alerts_tokens, found.redactions()) == ((), ())


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({}, "/home/ada/.local/state/tocsin"),
        ({"XDG_STATE_HOME": "/state"}, "/state/tocsin"),
        ({"XDG_STATE_HOME": "/state", "TOCSIN_HOME": "/srv/tocsin"}, "/srv/tocsin"),
    ],
)
def test_the_state_folder_follows_the_xdg_convention(environ: dict[str, str], home: str) -> None:
    assert settings(**environ).home == Path(home)


def test_every_variable_is_read() -> None:
    found = settings(
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_APP_TOKEN="xapp-1",
        SLACK_SIGNING_SECRET="signing",
        SLACK_API_URL="http://127.0.0.1:1/api",
        DATABASE_URL="postgresql://db.example.com/tocsin",
        TOCSIN_HOME="/srv/tocsin",
        TOCSIN_RUNBOOK="/etc/tocsin/runbook.yml",
        PORT="9090",
        HOST="0.0.0.0",
        PUBLIC_URL="https://tocsin.example.com/",
        ALERTS_TOKEN="one, two,",
        API_TOKEN="api",
        SMTP_URL="smtps://bot:pass@mail.example.com",
        MAIL_FROM="Tocsin <tocsin@example.com>",
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN="twilio",
        TWILIO_FROM="+447700900000",
        TWILIO_API_URL="http://127.0.0.1:2/",
        STATUSPAGE_TOKEN="status",
        STATUSPAGE_API_URL="http://127.0.0.1:3/v1/",
        PAGERDUTY_ROUTING_KEY="routing",
        PAGERDUTY_EVENTS_URL="http://127.0.0.1:4/v2/enqueue",
        SENTRY_CLIENT_SECRET="sentry",
        STRIPE_WEBHOOK_SECRET="whsec, whsec2",
        GRAFANA_WEBHOOK_SECRET="grafana",
        HEARTBEAT_URL="https://heartbeat.example.com/abc/",
        S3_ENDPOINT_URL="http://127.0.0.1:5",
        AWS_ACCESS_KEY_ID="AK",
        AWS_SECRET_ACCESS_KEY="aws",
        AWS_SESSION_TOKEN="session",
        AWS_REGION="eu-west-2",
        AWS_DEFAULT_REGION="eu-west-1",
        KEEP_REQUESTS_FOR="30d",
        KEEP_BODIES_FOR="36h",
        LOG_LEVEL="debug",
        LOG_FORMAT="JSON",
    )
    unset = {name for name in Settings.model_fields if name not in found.model_fields_set}
    assert unset == set()
    assert found.slack_api_url == "http://127.0.0.1:1/api/"
    assert (found.public_url, found.twilio_api_url) == ("https://tocsin.example.com", "http://127.0.0.1:2")
    assert [token.get_secret_value() for token in found.alerts_tokens] == ["one", "two"]
    assert [secret.get_secret_value() for secret in found.stripe_webhook_secrets] == ["whsec", "whsec2"]
    assert found.heartbeat_url is not None
    assert found.heartbeat_url.get_secret_value() == "https://heartbeat.example.com/abc/"
    assert (found.log_level, found.log_format) == ("DEBUG", "json")
    assert (found.keep_requests_for.days, found.keep_bodies_for.total_seconds() / 3600) == (30, 36)
    assert found.twilio is not None
    assert found.sender == "Tocsin <tocsin@example.com>"


def test_a_variable_that_is_not_ours_does_no_harm() -> None:
    assert settings(PATH="/bin", SLACK_CLIENT_ID="1") == settings()


def test_an_empty_variable_counts_as_unset_and_surrounding_blanks_are_stripped() -> None:
    assert settings(PORT="", SLACK_BOT_TOKEN="  ") == settings()
    token = settings(SLACK_BOT_TOKEN=" xoxb-1\n").slack_bot_token
    assert token is not None
    assert token.get_secret_value() == "xoxb-1"


@pytest.mark.parametrize(
    ("environ", "transport", "missing"),
    [
        ({}, None, ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET")),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, None, ("SLACK_APP_TOKEN or SLACK_SIGNING_SECRET",)),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "socket", ("SLACK_BOT_TOKEN",)),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, "socket", ()),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, "http", ()),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}, "socket", ()),
    ],
)
def test_the_tokens_decide_between_socket_mode_and_http(
    environ: dict[str, str], transport: str | None, missing: tuple[str, ...]
) -> None:
    found = settings(**environ)
    assert (found.transport, found.missing_for_slack) == (transport, missing)


@pytest.mark.parametrize(
    ("url", "host", "port", "username", "password", "tls"),
    [
        ("smtp://mail.example.com", "mail.example.com", 587, None, None, "starttls"),
        ("smtps://mail.example.com", "mail.example.com", 465, None, None, "tls"),
        ("smtp://bot:p%2Fs@mail.example.com:2525/", "mail.example.com", 2525, "bot", "p/s", "starttls"),
        ("smtp://bot:pass@mail.example.com?tls=off", "mail.example.com", 587, "bot", "pass", "off"),
        ("smtp://mail.example.com:25/?tls=off", "mail.example.com", 25, None, None, "off"),
        ("smtp://ada%40example.com:pass@127.0.0.1:25", "127.0.0.1", 25, "ada@example.com", "pass", "starttls"),
    ],
)
def test_the_mail_server_is_parsed_from_its_url(
    url: str, host: str, port: int, username: str | None, password: str | None, tls: str
) -> None:
    smtp = settings(SMTP_URL=url).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.username, smtp.tls) == (host, port, username, tls)
    assert (smtp.password.get_secret_value() if smtp.password else None) == password


@pytest.mark.parametrize(
    ("environ", "sender"),
    [
        ({}, "tocsin@localhost"),
        ({"SMTP_URL": "smtp://bot:pass@mail.example.com"}, "tocsin@localhost"),
        ({"SMTP_URL": "smtp://ada%40example.com:pass@mail.example.com"}, "ada@example.com"),
        ({"SMTP_URL": "smtp://ada%40example.com:p@mail.example.com", "MAIL_FROM": "x@example.com"}, "x@example.com"),
    ],
)
def test_mail_always_has_a_sender(environ: dict[str, str], sender: str) -> None:
    assert settings(**environ).sender == sender


@pytest.mark.parametrize(
    ("text", "sender", "calls"),
    [
        ("+44 7700 900000", "+447700900000", True),
        ("MG0123456789abcdef0123456789abcdef", "MG0123456789abcdef0123456789abcdef", False),
        ("Tutors", "Tutors", False),
    ],
)
def test_texts_are_sent_from_a_number_a_service_or_a_name_and_calls_from_a_number(
    text: str, sender: str, calls: bool
) -> None:
    twilio = settings(TWILIO_ACCOUNT_SID="AC1", TWILIO_AUTH_TOKEN="t", TWILIO_FROM=text).twilio
    assert twilio is not None
    assert (twilio.sender, twilio.can_call) == (sender, calls)


@pytest.mark.parametrize(
    "text", ["07700900000", "+44", "+44770090000000000", "a name that is too long", "+447700900000 ext. 5"]
)
def test_an_invalid_sender_of_texts_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"TWILIO_FROM: .* is not a telephone number"):
        settings(TWILIO_FROM=text)


@pytest.mark.parametrize("missing", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"])
def test_texts_and_calls_need_three_variables(missing: str) -> None:
    whole = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "+447700900000"}
    assert settings(**whole).twilio is not None
    assert settings(**{name: value for name, value in whole.items() if name != missing}).twilio is None


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("xoxb-from-file\n")
    token = settings(SLACK_BOT_TOKEN_FILE=str(file)).slack_bot_token
    assert token is not None
    assert token.get_secret_value() == "xoxb-from-file"


def test_a_variable_that_is_no_secret_cannot_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("9090")
    assert settings(PORT_FILE=str(file)).port == 8080


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file")
    said = refusal(API_TOKEN="from-variable", API_TOKEN_FILE=str(file))
    assert said == "API_TOKEN and API_TOKEN_FILE are both set: keep one of them."


def test_an_unreadable_secret_file_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert refusal(API_TOKEN_FILE=str(gone)) == f"API_TOKEN_FILE: cannot read {gone}: No such file or directory."
    gone.write_bytes(b"\xff\xfe")
    assert refusal(API_TOKEN_FILE=str(gone)) == f"API_TOKEN_FILE: cannot read {gone}: it is not text."


@pytest.mark.parametrize(
    ("port", "is_right"), [("0", True), ("65535", True), ("65536", False), ("-1", False), ("9" * 9, False)]
)
def test_a_port_is_between_zero_and_65535(port: str, is_right: bool) -> None:
    if is_right:
        assert settings(PORT=port).port == int(port)
    else:
        assert refusal(PORT=port).startswith(f"PORT: “{port}” is not a port")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "http", "PORT: “http” is not a port: say a number from 0 to 65535"),
        ("KEEP_BODIES_FOR", "10m", "KEEP_BODIES_FOR: “10m” is out of range"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: “loud” is not a level: say one of DEBUG, INFO"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: “xml” is not a format: say text or json."),
        ("PUBLIC_URL", "tocsin.example.com", "PUBLIC_URL: is not a web address"),
        ("SLACK_API_URL", "slack.com", "SLACK_API_URL: is not a web address"),
        ("MAIL_FROM", "Tocsin", "MAIL_FROM: “Tocsin” is not an email address"),
        ("DATABASE_URL", "mysql://bot:hunter2@h/d", "DATABASE_URL: is not the address of a PostgreSQL database"),
        ("DATABASE_URL", "postgresql://bot:hunter/2@h/d", "in a password are written %2F"),
        ("SMTP_URL", "mail.example.com", "SMTP_URL: is not the address of a mail server"),
        ("SMTP_URL", "smtps://bot:hunter2@mail.example.com?tls=off", "nothing but ?tls=off, for smtp://"),
        ("SMTP_URL", "smtp://bot:hunter2@mail.example.com?tls=no", "nothing but ?tls=off, for smtp://"),
        ("SMTP_URL", "smtp://bot:hunter/2@mail.example.com", "in a password are written %2F"),
        ("HEARTBEAT_URL", "hunter2", "HEARTBEAT_URL: is not a web address"),
        (
            "SLACK_BOT_TOKEN",
            "xapp-hunter2",
            "SLACK_BOT_TOKEN: holds an app-level token (xapp-): that is SLACK_APP_TOKEN",
        ),
        ("SLACK_APP_TOKEN", "xoxb-hunter2", "that is SLACK_BOT_TOKEN"),
    ],
)
def test_a_wrong_variable_is_named_with_what_to_write_and_without_its_secret(
    variable: str, value: str, said: str
) -> None:
    sentence = refusal(**{variable: value})
    assert said in sentence
    assert "hunter" not in sentence


def test_all_wrong_variables_are_reported_at_once() -> None:
    said = refusal(PORT="http", LOG_LEVEL="loud", API_TOKEN_FILE="/nowhere")
    assert [line.split(":")[0] for line in said.splitlines()] == ["API_TOKEN_FILE", "PORT", "LOG_LEVEL"]


def test_no_secret_is_printed_and_the_log_redacts_all() -> None:
    found = settings(
        SLACK_BOT_TOKEN="xoxb-hunter2",
        ALERTS_TOKEN="hunter2-a,hunter2-b",
        DATABASE_URL="postgresql://bot:hunter2-c@db.example.com/tocsin",
        SMTP_URL="smtp://bot:hunter2-d@mail.example.com",
        HEARTBEAT_URL="https://heartbeat.example.com/hunter2",
    )
    assert "hunter2" not in f"{found!r} {found} {found.model_dump_json()}"
    assert found.redactions() == (
        "postgresql://bot:hunter2-c@db.example.com/tocsin",
        "https://heartbeat.example.com/hunter2",
        "xoxb-hunter2",
        "hunter2-a",
        "hunter2-b",
        "hunter2-c",
        "hunter2-d",
    )


def test_an_errors_cause_contains_no_secret() -> None:
    with pytest.raises(Refused) as caught:
        settings(PORT="http", API_TOKEN="hunter2")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().port = 1  # type: ignore[misc]


def test_settings_can_be_pickled() -> None:
    found = settings(SMTP_URL="smtp://bot:pass@mail.example.com")
    assert pickle.loads(pickle.dumps(found)) == found
    assert isinstance(found.smtp, Smtp)

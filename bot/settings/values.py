"""The notation of each variable, and the messages for wrong values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bot.domain.errors import Refused
from bot.runbook.addresses import HttpUrl, PostgresqlUrl
from bot.runbook.durations import format_duration, parse_duration
from bot.runbook.values import email_of, phone_of, read_by

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["text", "json"]

# At least a day, so that a late repeat of a delivery is still recognised.
SHORTEST_KEPT, LONGEST_KEPT = timedelta(days=1), timedelta(days=365)

SMTP_PORTS: Mapping[str, int] = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Smtp:
    """The mail server. `starttls`: encrypt once the server offers it; `tls`: from the first byte; `off`: never, so a
    password is sent in the clear."""

    host: str
    port: int
    username: str | None
    password: SecretStr | None
    tls: Literal["starttls", "tls", "off"]

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse `smtp://user:password@host:587` or `smtps://…`. Refused, without quoting it, if it is neither."""
        advice = "is not the address of a mail server: say smtp://user:password@host:587, or smtps:// for TLS"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Refused(f"{advice}; / ? # and @ in a password are written %2F %3F %23 and %40") from error
        if parts.scheme not in SMTP_PORTS or not parts.hostname or parts.path.strip("/"):
            raise Refused(advice)
        if parts.query and (parts.query != "tls=off" or parts.scheme == "smtps"):
            raise Refused(f"{advice}; behind it stands nothing but ?tls=off, for smtp:// without any TLS")
        return cls(
            parts.hostname,
            port or SMTP_PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            SecretStr(unquote(parts.password)) if parts.password else None,
            "tls" if parts.scheme == "smtps" else "off" if parts.query else "starttls",
        )


@dataclass(frozen=True)
class Twilio:
    """Everything needed for texts and calls."""

    account_sid: str
    auth_token: SecretStr
    sender: str
    api_url: str

    @property
    def can_call(self) -> bool:
        """False for alphanumeric senders and messaging services, which can only send texts."""
        return self.sender.startswith("+")


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise Refused(f"“{text}” is not a port: say a number from 0 to 65535 (0 takes any free one)")
    return int(text)


def _keeping(text: str) -> timedelta:
    span = parse_duration(text)
    if not SHORTEST_KEPT <= span <= LONGEST_KEPT:
        within = f"{format_duration(SHORTEST_KEPT)} to {format_duration(LONGEST_KEPT)}"
        raise Refused(f"“{text}” is out of range: say a time from {within}, such as 7d")
    return span


def _log_level(text: str) -> str:
    if text.upper() not in get_args(LogLevel):
        raise Refused(f"“{text}” is not a level: say one of {', '.join(get_args(LogLevel))}")
    return text.upper()


def _log_format(text: str) -> str:
    if text.lower() not in get_args(LogFormat):
        raise Refused(f"“{text}” is not a format: say text or json")
    return text.lower()


def _url(text: str) -> str:
    """Without a trailing slash. A wrong value isn't quoted, because it may contain a secret."""
    if not HttpUrl.accepts(text):
        raise Refused("is not a web address: say one such as https://example.com")
    return text.rstrip("/")


def _folder_url(text: str) -> str:
    """With the trailing slash needed for appending a method's name."""
    return f"{_url(text)}/"


def _database_url(text: str) -> SecretStr:
    if not PostgresqlUrl.accepts(text) or re.search("%(?![0-9A-Fa-f]{2})", text):
        raise Refused(
            f"is not the address of a PostgreSQL database: say {PostgresqlUrl.example}; "
            "/ ? # @ and % in a password are written %2F %3F %23 %40 and %25"
        )
    return SecretStr(text)


def _secret_url(text: str) -> SecretStr:
    _url(text)
    return SecretStr(text)


def _bot_token(text: str) -> SecretStr:
    if text.startswith("xapp-"):
        raise Refused("holds an app-level token (xapp-): that is SLACK_APP_TOKEN; a bot token begins with xoxb-")
    return SecretStr(text)


def _app_token(text: str) -> SecretStr:
    if text.startswith("xox"):
        raise Refused("holds a bot's or a user's token: that is SLACK_BOT_TOKEN; an app-level token begins with xapp-")
    return SecretStr(text)


def _tokens(text: str) -> tuple[SecretStr, ...]:
    """Several tokens, so that one can be rotated while the other is still in use."""
    return tuple(SecretStr(token.strip()) for token in text.split(",") if token.strip())


def _telephone(text: str) -> str:
    """A number that Twilio knows, or a sender for texts only: a messaging service or an alphanumeric name."""
    if re.fullmatch(r"MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", text):
        return text
    return phone_of(text)


def _sender(text: str) -> str:
    _, address = parseaddr(text)
    email_of(address)
    return text


Port = Annotated[int, read_by(_port, "a port")]
Url = Annotated[str, read_by(_url, "a web address")]
SecretUrl = Annotated[SecretStr, read_by(_secret_url, "a web address")]
PathOf = Annotated[Path, read_by(lambda text: Path(text).expanduser(), "a path")]
FolderUrl = Annotated[str, read_by(_folder_url, "a web address")]
DatabaseUrl = Annotated[SecretStr, read_by(_database_url, "an address")]
BotToken = Annotated[SecretStr, read_by(_bot_token, "a token")]
AppToken = Annotated[SecretStr, read_by(_app_token, "a token")]
Tokens = Annotated[tuple[SecretStr, ...], read_by(_tokens, "tokens")]
MailServer = Annotated[Smtp, read_by(Smtp.parse, "an address")]
TelephoneNumber = Annotated[str, read_by(_telephone, "a telephone number")]
Sender = Annotated[str, read_by(_sender, "an address")]
Keeping = Annotated[timedelta, read_by(_keeping, "a duration")]
Level = Annotated[LogLevel, read_by(_log_level, "a level")]
Format = Annotated[LogFormat, read_by(_log_format, "a format")]

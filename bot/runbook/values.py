"""The basic types of the runbook file: their notation, and the messages for mistakes."""

import re
from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from bot.domain.errors import Refused
from bot.runbook.durations import format_duration, parse_duration
from bot.runbook.mistakes import kind_of
from bot.runbook.written import said, written
from bot.runbook.zones import zone_of

Level = Literal["critical", "high", "medium", "low"]
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# Slack's limits for a channel's name and a section's text.
CHANNEL_LENGTH = 80
TEXT_LENGTH = 3000
NAME_LENGTH = 150

# `localhost` is the only host without a dot: mail on this machine.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(?:localhost|(?:[a-z0-9-]+\.)+[a-z0-9-]{2,})", re.ASCII | re.IGNORECASE)


def wrong(said: str) -> PydanticCustomError:
    """A mistake with a finished sentence."""
    return PydanticCustomError("wrong", "{said}", {"said": said})


def read_by(parse: Callable[[str], Any], shape: str) -> BeforeValidator:
    """Parse the value with `parse`. For anything but text and numbers, the mistake says that it should be a `shape`."""

    @written(said(shape))
    def read(value: object) -> object:
        if isinstance(value, bool | list | dict | None):
            raise wrong(f"should be {shape}, is {kind_of(value)}")
        if not isinstance(value, str | int | float):
            return value  # already parsed: a model made from another model
        try:
            return parse(str(value))
        except Refused as refusal:
            raise wrong(str(refusal)) from refusal

    return BeforeValidator(read)


def a_list(shape: str) -> BeforeValidator:
    """Reject anything but a list, and say what the list should contain."""

    def check(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise wrong(f"should be a list of {shape}, is {kind_of(value)}")
        return value

    return BeforeValidator(check)


def not_empty(shape: str) -> BeforeValidator:
    """For optional parts: a key without a value is a mistake, because its meaning would be unclear."""

    def check(value: object) -> object:
        if value is None:
            raise wrong(f"is empty: say {shape}, or remove the line")
        return value

    return BeforeValidator(check)


def refused_as_wrong(check: Callable[[str], str]) -> AfterValidator:
    """Apply `check` to a text; its Refused becomes a mistake of the file."""

    def checked(text: str) -> str:
        try:
            return check(text)
        except Refused as refusal:
            raise wrong(str(refusal)) from refusal

    return AfterValidator(checked)


def _some_text(text: str) -> str:
    if not text.strip():
        raise Refused("is empty: write something or remove the line")
    if len(text) > TEXT_LENGTH:
        raise Refused(f"is too long: {len(text)} characters, at most {TEXT_LENGTH}")
    return text.strip()


def _one_line(text: str) -> str:
    if "\n" in text.strip() or not text.strip().isprintable():
        raise Refused("should be one line of printable text")
    if len(text) > NAME_LENGTH:
        raise Refused(f"is too long: {len(text)} characters, at most {NAME_LENGTH}")
    return _some_text(text)


def _key(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,79}", text):
        raise Refused(f"“{text}” cannot be a key: use letters, digits, “-”, “_” and “.”, without blanks")
    return text


def email_of(text: str) -> str:
    if not _EMAIL.fullmatch(text.strip()):
        raise Refused(f"“{text}” is not an email address: say one such as ada@example.com")
    return text.strip()


def phone_of(text: str) -> str:
    advice = f"“{text}” is not a telephone number: write it with + and the country, such as +447700900001"
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise Refused(advice) from error
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or number.extension or not text.strip().startswith("+"):
        raise Refused(advice)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _slack_id(text: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", text):
        raise Refused(
            f"“{text}” is not a Slack member id: say one such as U0ADA, or leave it out and it is found by email"
        )
    return text


def _channel(text: str) -> str:
    name = text.removeprefix("#")
    if not re.fullmatch(rf"[\w-]{{1,{CHANNEL_LENGTH}}}", name) or name != name.lower():
        raise Refused(f'“{text}” is not a channel: say its name in lower case such as "#incidents", with the quotes')
    return f"#{name}"


def _percent(text: str) -> float:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", text.strip())
    if found is None:
        shown = text.strip()
        raise Refused(f"“{shown}” is not a percentage: say for example 80%")
    share = float(found[1])
    if not 0 < share <= 100:
        raise Refused(f"“{text}” is out of range: a percentage is more than 0% and at most 100%")
    return share


def time_of_day(text: str) -> time:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if found is None:
        raise Refused(f"“{text}” is not a time of day: say for example 09:00")
    return time(int(found[1]), int(found[2]))


def weekday_of(text: str) -> int:
    """0 for Mon, Monday or mon."""
    for number, name in enumerate(WEEKDAYS):
        if re.fullmatch(rf"{name}[a-z]*", text.strip(), re.IGNORECASE):
            return number
    raise Refused(f"“{text}” is not a day of the week: say one of {', '.join(WEEKDAYS)}")


def some_time(text: str) -> timedelta:
    span = parse_duration(text)
    if not span:
        raise Refused(f"“{text}” is no time at all: say at least 1s")
    return span


as_written = PlainSerializer(format_duration, return_type=str, when_used="json")
_as_clock = PlainSerializer(lambda at: at.strftime("%H:%M"), return_type=str, when_used="json")
_as_percent = PlainSerializer(lambda share: f"{share:g}%", return_type=str, when_used="json")

Text = Annotated[str, refused_as_wrong(_some_text)]
Name = Annotated[str, refused_as_wrong(_one_line)]
Key = Annotated[str, refused_as_wrong(_key)]
Email = Annotated[str, refused_as_wrong(email_of)]
Phone = Annotated[str, refused_as_wrong(phone_of)]
SlackId = Annotated[str, refused_as_wrong(_slack_id)]
Channel = Annotated[str, refused_as_wrong(_channel)]
# More than zero, at most ten years.
Duration = Annotated[timedelta, read_by(some_time, "a duration such as 15m"), as_written]
# Likewise, but may be zero.
Span = Annotated[timedelta, read_by(parse_duration, "a duration such as 15m"), as_written]
# 80.0 for `80%`.
Percent = Annotated[float, read_by(_percent, "a percentage such as 80%"), _as_percent]
TimeOfDay = Annotated[time, read_by(time_of_day, "a time of day such as 09:00"), _as_clock]
Zone = Annotated[
    ZoneInfo,
    read_by(zone_of, "a time zone such as Europe/London"),
    PlainSerializer(str, return_type=str, when_used="json"),
]
Texts = Annotated[tuple[Text, ...], a_list("texts")]
Names = Annotated[tuple[Name, ...], a_list("names")]
Emails = Annotated[tuple[Email, ...], a_list("email addresses")]
Channels = Annotated[tuple[Channel, ...], a_list("channels")]

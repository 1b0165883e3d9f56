"""A whole scenario, as one frozen value."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, PlainSerializer

from bot.domain.errors import Refused
from bot.runbook.parts import Part
from bot.runbook.values import Name, Text, a_list, read_by
from bot.scenarios.expectations import Expectation
from bot.scenarios.offsets import Offset
from bot.scenarios.steps import Step

# Those for which the changes of the clocks are known, and every later deadline can be told.
YEARS = range(1971, 2100)
_EXAMPLE = "2026-10-25 00:30"


def beginning_of(text: str) -> datetime:
    """Without an offset it is by the clock of the runbook's zone, which is not known yet."""
    words = text.strip()
    if not re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", words):
        raise Refused(f"“{text}” isn't a date and time: write for example {_EXAMPLE}")
    try:
        begins = datetime.fromisoformat(words)
    except ValueError as error:
        raise Refused(f"“{text}” isn't a date and time: write for example {_EXAMPLE}") from error
    if begins.year not in YEARS:
        raise Refused(f"“{text}” is out of reach: a scenario begins between {YEARS[0]} and {YEARS[-1]}")
    return begins


Beginning = Annotated[
    datetime,
    read_by(beginning_of, f"a date and time such as {_EXAMPLE}"),
    PlainSerializer(lambda at: at.isoformat(" ", "minutes"), return_type=str, when_used="json"),
]


class Scenario(Part):
    """`begins` None: an ordinary afternoon. `runbook` None: the one that is given beside it."""

    title: Name
    about: Text | None = None
    runbook: Name | None = None
    begins: Beginning | None = None
    lasts: Offset | None = None
    script: Annotated[tuple[Step, ...], a_list("steps"), Field(min_length=1)]
    expect: Annotated[tuple[Expectation, ...], a_list("expectations")] = ()

    @property
    def span(self) -> timedelta:
        """Until nothing is left to happen or to be waited for."""
        ends = [one.at for one in self.script]
        ends += [end for one in self.expect for end in (one.by, one.after, one.until) if end is not None]
        return max([*ends, self.lasts or timedelta(0)])

    def begins_in(self, zone: ZoneInfo, usual: datetime) -> datetime:
        """In UTC. `usual` is when a scenario begins that does not say it."""
        begins = self.begins or usual
        return (begins if begins.tzinfo else begins.replace(tzinfo=zone)).astimezone(UTC)

"""How grave an incident is, what that promises, and who is paged for it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from bot.domain.errors import Refused
from bot.domain.incidents.deadline import NEXT_BUSINESS_DAY, Within
from bot.domain.incidents.incident import looks_like_severity
from bot.runbook.defaults import USUAL_WAIT
from bot.runbook.durations import format_duration
from bot.runbook.parts import Part
from bot.runbook.values import (
    Duration,
    Name,
    Names,
    Span,
    Text,
    Texts,
    a_list,
    read_by,
    refused_as_wrong,
    some_time,
    wrong,
)

MOST_REPEATS = 20


class EscalationStep(Part):
    """One step of the ladder: page a tier, then wait this long for an acknowledgement."""

    page: Name
    wait: Duration


def _with_waits(steps: object) -> object:
    """A missing wait is the previous step's, or 15 minutes for the first."""
    if not isinstance(steps, list):
        return steps
    filled, wait = [], USUAL_WAIT
    for step in steps:
        wait = step.get("wait", wait) if isinstance(step, Mapping) else wait
        filled.append({"wait": wait, **step} if isinstance(step, Mapping) else step)
    return filled


class EscalationPolicy(Part):
    """The ladder. `repeat`: further runs after the first. `unacknowledge`: inactivity withdraws an acknowledgement."""

    stops_on: Literal["acknowledged", "resolved"] = "acknowledged"
    steps: Annotated[tuple[EscalationStep, ...], a_list("steps"), BeforeValidator(_with_waits), Field(min_length=1)]
    repeat: Annotated[int, Field(ge=0, le=MOST_REPEATS)] = 0
    unacknowledge: bool = False


class LongerThan(Part):
    """A post-mortem is due if the incident lasted longer than this."""

    longer_than: Span


def _rule_tag(rule: object) -> str:
    return "kind:duration" if isinstance(rule, dict | LongerThan) else "kind:word"


def _promised(text: str) -> Within:
    if " ".join(text.lower().split()) == NEXT_BUSINESS_DAY:
        return NEXT_BUSINESS_DAY
    return some_time(text)


def _as_promised(promised: Within) -> str:
    return promised if isinstance(promised, str) else format_duration(promised)


Promise = Annotated[
    Within,
    read_by(_promised, "a duration such as 15m"),
    PlainSerializer(_as_promised, return_type=str, when_used="json"),
]


def _severity_id(text: str) -> str:
    if not looks_like_severity(text):
        raise Refused(f"“{text}” does not look like a severity: say one such as P1, SEV2 or S3")
    return text


class Severity(Part):
    """Promises that are None aren't made. `paged` in working hours: its ladder and deadlines run only then."""

    id: Annotated[str, refused_as_wrong(_severity_id)]
    name: Name
    means: Text | None = None
    examples: Texts = ()
    user_facing: bool = False
    paged: Literal["always", "working_hours"] = "always"
    respond_within: Promise | None = None
    resolve_within: Promise | None = None
    update_every: Duration | None = None
    escalation: EscalationPolicy
    tell: Names = ()
    postmortem: Annotated[
        Annotated[Literal["required", "optional"], Tag("kind:word")] | Annotated[LongerThan, Tag("kind:duration")],
        Discriminator(_rule_tag),
    ] = "optional"

    @model_validator(mode="after")
    def _can_be_silent(self) -> "Severity":
        if self.escalation.unacknowledge and self.update_every is None:
            raise wrong("unacknowledge needs an update_every: what is inactivity, when no update is expected?")
        return self

    def owes_postmortem(self, lasted: timedelta) -> bool:
        if isinstance(self.postmortem, LongerThan):
            return lasted > self.postmortem.longer_than
        return self.postmortem == "required"


class Objective(Part):
    """The objective for a scenario: at most `rto` until it works again, at most `rpo` of data lost. None: no
    objective."""

    scenario: Name
    severity: Name | None = None
    rto: Duration | None = None
    rpo: Span | None = None

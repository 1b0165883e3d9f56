"""What people do: procedures step by step, checklists, and the follow-up of an incident."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from bot.domain.errors import NotFound, Refused
from bot.domain.procedures.run import Run, Step
from bot.runbook.durations import format_duration
from bot.runbook.mistakes import advice
from bot.runbook.parts import Keyed, Part, key_of
from bot.runbook.people import WhoRef
from bot.runbook.values import Duration, Key, Name, Names, Text, Texts, a_list, read_by, some_time, wrong
from bot.runbook.written import each_or_text, written

ChecklistName = Literal["triage", "verification", "aftercare"]
CHECKLISTS: tuple[ChecklistName, ...] = ("triage", "verification", "aftercare")


@written(each_or_text)
def _deeds(entries: object) -> object:
    """A bare text is short for `do`."""
    if not isinstance(entries, list | tuple):
        return entries
    return [{"do": entry} if isinstance(entry, str) else entry for entry in entries]


class BackupAge(NamedTuple):
    """A condition: the last good dump of `backup` is younger than this."""

    backup: str
    younger_than: timedelta

    def __str__(self) -> str:
        return f"{self.backup} younger than {format_duration(self.younger_than)}"


def _backup_age(text: str) -> BackupAge:
    found = re.fullmatch(r"(\S+) younger than (.+)", " ".join(text.split()))
    if found is None:
        raise Refused(f"“{text.strip()}” does not say how young: say for example orders younger than 1h")
    return BackupAge(found[1], some_time(found[2]))


AgeOfBackup = Annotated[
    BackupAge, read_by(_backup_age, "a text such as orders younger than 1h"), PlainSerializer(str, return_type=str)
]

# Slack allows 25 buttons in a row; some are needed for other things.
MOST_ANSWERS = 20
# Facts about an incident that the bot knows without asking anybody.
Standing = Literal["acknowledged", "led", "identified", "mitigating", "monitoring", "resolved"]
FACTS = ("check", "backup", "incident")


class ProcedureStep(Part):
    """Something to do, perhaps with a command to `run`; or a question whose answers say how to go on.

    With a fact (a passing `check`, a `backup`, the `incident`'s state), the bot ticks the step as soon as it is true.
    With `approve`, one of these people has to agree before another person does it. `notes` are shown below it.
    """

    do: Text | None = None
    run: Text | None = None
    ask: Text | None = None
    answers: Annotated[dict[str, Text], Field(min_length=1)] | None = None
    notes: Texts = ()
    check: Key | None = None
    backup: AgeOfBackup | None = None
    incident: Standing | None = None
    approve: WhoRef | None = None

    @property
    def is_question(self) -> bool:
        return self.ask is not None

    @property
    def text(self) -> str:
        return self.ask or self.do or ""

    @property
    def to_do(self) -> Step:
        """The step as it is stored with a run of the procedure."""
        return Step(
            self.text, self.run, dict(self.answers or {}), list(self.notes), self.check,
            self.backup.backup if self.backup else None,
            self.backup.younger_than.total_seconds() if self.backup else None,
            self.incident, str(self.approve) if self.approve else None,
        )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, step: object) -> object:
        if not isinstance(step, Mapping):
            return step
        facts = [fact for fact in FACTS if fact in step]
        _must_be_whole(step, facts)
        return {"do": _said(step, facts[0]), **step} if facts else step


def _must_be_whole(step: Mapping[object, object], facts: list[str]) -> None:
    if "do" in step and "ask" in step:
        raise wrong("do and ask are in one step: make two steps of it")
    if "ask" in step and "answers" not in step:
        raise wrong('a question needs answers: add for example answers: {"Yes": Roll back, "No": Go on}')
    if isinstance(answers := step.get("answers"), Mapping) and len(answers) > MOST_ANSWERS:
        raise wrong(f"has {len(answers)} answers: {MOST_ANSWERS} fit below a message")
    for key in ("run", *FACTS, "approve"):
        if "ask" in step and key in step:
            raise wrong(f"a question has no {key}: put it into a step of its own")
    if "ask" not in step and "answers" in step:
        raise wrong("answers belong to a question: say ask instead of do")
    if len(facts) > 1:
        raise wrong(f"{' and '.join(facts)} are in one step: make a step of each")
    if facts and "approve" in step:
        raise wrong(f"a step with {facts[0]} is ticked by the bot: put approve into a step of its own")
    if not facts and "do" not in step and "ask" not in step:
        raise wrong("what to do is missing: add do, or ask with answers")


def _said(step: Mapping[object, object], fact: str) -> str:
    """The text of a step that has only a fact."""
    words = {"check": "The check {} passes", "backup": "There is a good backup of {}", "incident": "The incident is {}"}
    return words[fact].format(step[fact])


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Refused(f"“{text.strip()}” is not a date: say for example 2026-12-31") from error


Day = Annotated[date, read_by(_date, "a date such as 2026-12-31"), PlainSerializer(str, return_type=str)]


class Procedure(Keyed):
    """`alerts`: names of alerts it is for, which may be patterns. `review_by`: after this date it is due for review."""

    title: Name = Field(default_factory=key_of)
    severity: Name | None = None
    symptoms: Texts = ()
    alerts: Names = ()
    review_by: Day | None = None
    steps: Annotated[tuple[ProcedureStep, ...], a_list("steps"), BeforeValidator(_deeds), Field(min_length=1)]

    def is_same(self, run: Run) -> bool:
        """Does it still have the steps this run began with?"""
        return [step.to_do for step in self.steps] == list(run.steps)


class ChecklistItem(Part):
    """`within` counts from the incident's resolution; None: no deadline."""

    do: Text
    within: Duration | None = None


Items = Annotated[tuple[ChecklistItem, ...], a_list("things to do"), BeforeValidator(_deeds)]


class Checklists(Part):
    triage: Items = ()
    verification: Items = ()
    aftercare: Items = ()

    def named(self, name: str) -> tuple[ChecklistItem, ...]:
        match name:
            case "triage":
                return self.triage
            case "verification":
                return self.verification
            case "aftercare":
                return self.aftercare
            case _:
                raise NotFound(f"There is no checklist “{name}”: {advice(name, CHECKLISTS)}")


class AfterResolution(Part):
    """`watch_for`: how long to keep watching; `all_clear`: post the all-clear afterwards."""

    watch_for: Duration | None = None
    all_clear: bool = False


class Postmortem(Part):
    """Deadlines count from the resolution. `also_for`: words that make a post-mortem due at any severity."""

    schedule_within: Duration = timedelta(hours=24)
    draft_within: Duration = timedelta(hours=48)
    review_within: Duration = timedelta(days=7)
    also_for: Annotated[tuple[Name, ...], a_list("words")] = ()

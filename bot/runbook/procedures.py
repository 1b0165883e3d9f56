"""What people do: procedures step by step, checklists, and what follows an incident."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from bot.domain.errors import NotFound
from bot.runbook.mistakes import advice
from bot.runbook.parts import Keyed, Part, key_of
from bot.runbook.values import Duration, Name, Text, Texts, a_list, wrong

ChecklistName = Literal["triage", "verification", "aftercare"]
CHECKLISTS: tuple[ChecklistName, ...] = ("triage", "verification", "aftercare")


def _deeds(entries: object) -> object:
    """A bare text says what to do."""
    if not isinstance(entries, list | tuple):
        return entries
    return [{"do": entry} if isinstance(entry, str) else entry for entry in entries]


class ProcedureStep(Part):
    """Something to do, perhaps with a command to `run`; or a question, where each answer says how to go on."""

    do: Text | None = None
    run: Text | None = None
    ask: Text | None = None
    answers: Annotated[dict[str, Text], Field(min_length=1)] | None = None

    @property
    def is_question(self) -> bool:
        return self.ask is not None

    @property
    def text(self) -> str:
        return self.ask or self.do or ""

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, step: object) -> object:
        if isinstance(step, Mapping):
            _must_be_whole(step)
        return step


def _must_be_whole(step: Mapping[object, object]) -> None:
    if "do" in step and "ask" in step:
        raise wrong("do and ask stand in one step: make two steps of it")
    if "do" not in step and "ask" not in step:
        raise wrong("what to do is missing: add do, or ask with answers")
    if "ask" in step and "answers" not in step:
        raise wrong('a question needs answers: add for example answers: {"Yes": Roll back, "No": Go on}')
    if "ask" in step and "run" in step:
        raise wrong("a question has no run: put the command into a step of its own")
    if "do" in step and "answers" in step:
        raise wrong("answers belong to a question: say ask instead of do")


class Procedure(Keyed):
    title: Name = Field(default_factory=key_of)
    severity: Name | None = None
    symptoms: Texts = ()
    steps: Annotated[tuple[ProcedureStep, ...], a_list("steps"), BeforeValidator(_deeds), Field(min_length=1)]


class ChecklistItem(Part):
    """`within` counts from the resolution of the incident; None: no promise."""

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
    """`watch_for`: how long to keep looking; `all_clear`: say so afterwards."""

    watch_for: Duration | None = None
    all_clear: bool = False


class Postmortem(Part):
    """Deadlines from the resolution. `also_for`: words that make a post-mortem due whatever the severity."""

    schedule_within: Duration = timedelta(hours=24)
    draft_within: Duration = timedelta(hours=48)
    review_within: Duration = timedelta(days=7)
    also_for: Annotated[tuple[Name, ...], a_list("words")] = ()

"""What has to come of a scenario, and what must not."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.domain.paging.page import Via
from bot.runbook.parts import Part
from bot.runbook.values import Name, Text, wrong
from bot.scenarios.offsets import Offset

Fact = Literal["paged", "told", "declared", "acknowledged", "resolved", "said"]
# The key by which a `never` says whom or what, where `by` says it behind the fact itself.
SUBJECTS: Mapping[Fact, str] = {
    "paged": "who",
    "told": "audience",
    "declared": "severity",
    "acknowledged": "who",
    "resolved": "who",
    "said": "text",
}
ANYBODY = "anybody"
# The ways that a rehearsal sees something arrive by.
WAYS: Mapping[str, tuple[Via, ...]] = {
    "paged": ("slack", "email", "sms", "voice", "webhook"),
    "told": ("slack", "email", "webhook", "statuspage"),
}


def _with_subject(content: object) -> object:
    """`{by: +5m, paged: ben}` and `{never: paged, who: ben}`, both as fact and subject."""
    if not isinstance(content, Mapping):
        return content
    stated = [key for key in content if key in SUBJECTS]
    if ("by" in content) == ("never" in content):
        raise wrong("begins with one of: by (until when it has to happen), never (what must not happen)")
    if "never" in content:
        if stated:
            raise wrong(f"write `never: {stated[0]}`, and whom or what as `{SUBJECTS[stated[0]]}:`")
        return dict(content)
    if len(stated) != 1:
        raise wrong(f"says one thing that has to happen, such as `paged: ada`; there is: {', '.join(SUBJECTS)}")
    fact = stated[0]
    taken = SUBJECTS[fact]
    if taken in content:
        raise wrong(f"write whom or what behind `{fact}:`, and not as `{taken}:`")
    return {**{key: value for key, value in content.items() if key != fact}, "fact": fact, taken: content[fact]}


class Expectation(Part):
    """`by` or `never`. What is None is not asked about.

    `after`: it does not count before that; `until`: of a `never`, it does not matter after that. `times`: so often,
    by `by`, and not more often until the end.
    """

    by: Offset | None = None
    never: Fact | None = None
    after: Offset | None = None
    until: Offset | None = None
    fact: Fact | None = None
    who: Name | None = None
    via: Via | None = None
    audience: Name | None = None
    severity: Name | None = None
    text: Text | None = None
    place: Name | None = Field(None, alias="in")
    times: Annotated[int, Field(ge=1, le=100)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, content: object) -> object:
        return _with_subject(content)

    @model_validator(mode="after")
    def _makes_sense(self) -> "Expectation":
        fact = self.what
        if fact == "said" and self.text is None:
            raise wrong("said what? Give the text")
        for key, value, of in (
            ("via", self.via, ("paged", "told")), ("who", self.who, ("paged", "acknowledged", "resolved")),
            ("audience", self.audience, ("told",)), ("severity", self.severity, ("declared",)),
            ("text", self.text, ("said", "told", "paged")), ("in", self.place, ("said",)),
        ):  # fmt: skip
            if value is not None and fact not in of:
                raise wrong(f"`{key}` means nothing for `{fact}`")
        if self.via and self.via not in WAYS[fact]:
            raise wrong(f"nobody is {fact} by “{self.via}” here: choose one of {', '.join(WAYS[fact])}")
        self._can_be_judged()
        return self

    def _can_be_judged(self) -> None:
        """A `never` of no time at all would be met whatever happens."""
        if self.by is not None and self.until is not None:
            raise wrong("`until` belongs to `never`: write `by`")
        if self.never is not None and self.times is not None:
            raise wrong("`times` belongs to `by`: what never happens isn't counted")
        end = self.by if self.by is not None else self.until
        if end is not None and self.after is not None and self.after > end:
            raise wrong(f"`after` is later than `{'by' if self.by is not None else 'until'}`")

    @property
    def what(self) -> Fact:
        found = self.never or self.fact
        assert found, "one of them is set"
        return found

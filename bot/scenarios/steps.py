"""What happens in a scenario: alerts, what people do, and what goes wrong around the bot."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PlainSerializer, model_validator

from bot.domain.errors import Refused
from bot.runbook.parts import Part
from bot.runbook.values import Name, Text, read_by, wrong
from bot.scenarios.offsets import Offset

Outside = Literal["slack", "mail", "telephones"]

# What a person can do, each with what may or must follow it.
VERBS: Mapping[str, Literal["", "words", "words?"]] = {
    "acknowledges": "",
    "escalates": "words?",
    "declares": "words",
    "leads": "",
    "notes": "words",
    "resolves": "words?",
    "reopens": "words?",
    "says": "words",
    "presses": "words",
}
WAYS_TO_ACKNOWLEDGE = ("in Slack", "by text", "by call", "by mail")
# What stands in a step beside a person's key.
KEYS = ("at", "alert", "away", "back", "bot", "inject", "nobody")


class Deed(NamedTuple):
    """`verb` is one of VERBS, or `types` for a slash command; `words` is what follows it."""

    verb: str
    words: str

    def __str__(self) -> str:
        return f"{self.verb} {self.words}".strip()


def deed_of(text: str) -> Deed:
    """`acknowledges`, `declares P1 Payments failing`, `/incident note Restarted`. Refused with what there is."""
    said = " ".join(text.split())
    if said.startswith("/"):
        return Deed("types", said)
    verb, _, words = said.partition(" ")
    if verb not in VERBS:
        raise Refused(f"“{verb}” is nothing that a person does here: say {', '.join(VERBS)}, or type a /command")
    if verb == "acknowledges" and words and words not in WAYS_TO_ACKNOWLEDGE:
        raise Refused(f"“{words}” isn't a way to acknowledge: write {', '.join(WAYS_TO_ACKNOWLEDGE)}, or nothing")
    if VERBS[verb] == "words" and not words:
        raise Refused(f"{verb} what? Say it behind the word")
    if verb == "leads" and words:
        raise Refused("nothing follows “leads”")
    return Deed(verb, words)


class ScriptedAlert(Part):
    """As `POST /alerts/generic` takes it. The fingerprint is the title where there is none."""

    title: Text
    status: Literal["firing", "resolved"] = "firing"
    severity: Name | None = None
    fingerprint: Name | None = None
    description: Text | None = None
    url: Name | None = None
    labels: dict[str, Name] = Field(default_factory=dict)

    def as_body(self) -> dict[str, Any]:
        return {"fingerprint": self.title, **self.model_dump(exclude_none=True)}


def _is_one_thing(content: object) -> object:
    """A person's key stands where any other key would: `{at: +2m, ada: acknowledges}`."""
    if not isinstance(content, Mapping):
        return content
    own = {key: value for key, value in content.items() if key in KEYS}
    people = {key: value for key, value in content.items() if key not in KEYS}
    if len(own) - ("at" in own) + len(people) != 1:
        raise wrong("says what happens at one moment: one thing beside `at`, and a line of its own for each other")
    for key, value in people.items():
        if not re.fullmatch(r"\w[\w.-]*", key):
            raise wrong(f"“{key}” is no person")
        own |= {"person": key, "deed": value}
    return own


class Step(Part):
    """One line of the script. Besides `at` exactly one thing is set."""

    at: Offset
    alert: ScriptedAlert | None = None
    away: Outside | None = None
    back: Outside | None = None
    bot: Literal["killed"] | None = None
    inject: Text | None = None
    nobody: Literal["answers"] | None = None
    person: Name | None = None
    deed: Annotated[Deed, read_by(deed_of, "what the person does"), PlainSerializer(str, when_used="json")] | None = (
        None
    )

    @model_validator(mode="before")
    @classmethod
    def _one_thing(cls, content: object) -> object:
        return _is_one_thing(content)

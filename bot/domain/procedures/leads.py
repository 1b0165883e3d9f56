"""Where an answer leads: to a step, to another procedure, or to the next step."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.procedures.run import Step

# “step 4”, “go to step 4”, “continue with step 4.”
NUMBERED = re.compile(
    r"(?:(?:go|jump|skip|continue|proceed|return)\s+(?:on\s+)?(?:to|with|at)\s+)?step\s+(\d{1,3})", re.I
)
END = re.compile(r"(?:this is )?the end|(?:end|stop)(?: here)?", re.I)


@dataclass(frozen=True)
class Lead:
    """`step`: index of the step to go on with, their number meaning the end; `procedure`: the one to go on with.

    Both None: do what the answer says, then the next step.
    """

    step: int | None = None
    procedure: str | None = None

    @property
    def is_words(self) -> bool:
        return self.step is None and self.procedure is None


def lead_of(words: str, steps: Sequence[Step], procedures: Iterable[str]) -> Lead:
    """Finds a step by number or text, a procedure by key; ignores case and a final full stop."""
    said = plain(words)
    for key in procedures:
        if plain(key) == said:
            return Lead(procedure=key)
    for index, step in enumerate(steps):
        if plain(step.text) == said:
            return Lead(step=index)
    number = numbered(words)
    if number is not None and 1 <= number <= len(steps):
        return Lead(step=number - 1)
    return Lead(step=len(steps)) if END.fullmatch(said) else Lead()


def numbered(words: str) -> int | None:
    """4 for “Go to step 4”; None unless the words are just a step's number."""
    found = NUMBERED.fullmatch(plain(words))
    return int(found[1]) if found else None


def unreached(steps: Sequence[Step], procedures: Iterable[str]) -> list[int]:
    """Steps that no path through the procedure reaches."""
    keys, ahead, seen = list(procedures), [0], set[int]()
    while ahead:
        at = ahead.pop()
        if at in seen or at >= len(steps):
            continue
        seen.add(at)
        leads = [lead_of(words, steps, keys) for words in steps[at].answers.values()] or [Lead()]
        ahead += [at + 1 if lead.step is None else lead.step for lead in leads if lead.procedure is None]
    return [index for index in range(len(steps)) if index not in seen]


def plain(words: str) -> str:
    return " ".join(words.split()).rstrip(".!").lower()

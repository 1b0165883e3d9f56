"""Where an answer leads: to a step, to another procedure, or just on."""

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
    """`step`: at which it goes on, the number of steps meaning the end; `procedure`: in which it goes on.

    Both None: what the answer says is to be done, and then comes the next step.
    """

    step: int | None = None
    procedure: str | None = None

    @property
    def is_words(self) -> bool:
        return self.step is None and self.procedure is None


def lead_of(words: str, steps: Sequence[Step], procedures: Iterable[str]) -> Lead:
    """A step by its number or its text, a procedure by its key; capitals and a full stop at the end do not matter."""
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
    """4 for “Go to step 4”; None when the words are no number of a step and nothing else."""
    found = NUMBERED.fullmatch(plain(words))
    return int(found[1]) if found else None


def unreached(steps: Sequence[Step], procedures: Iterable[str]) -> list[int]:
    """The steps that no way through the procedure comes to."""
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

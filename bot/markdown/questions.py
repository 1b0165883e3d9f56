"""Parses lines that begin with “If”: the question, and what to do for each answer."""

import re
from dataclasses import dataclass

NEXT, STOP = "Continue with the next step", "Stop"

_IF = re.compile(r"(?:if|in case)\s+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
_ELSE = re.compile(r"(?:otherwise|if not|else)\b[,:]?\s*(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
_BRANCH = re.compile(r"[├└|+`][─-]{1,4} ?(?P<answer>yes|no) ?(?:→|->|:|=>) ?(?P<words>.+)", re.IGNORECASE)
# Ends the condition. Only a comma before a space counts, because numbers contain commas.
_THEN = re.compile(r",? then |: |, | (?:->|=>|[-–—→]) ", re.IGNORECASE)
_OTHERWISE = re.compile(r"[.;,]\s+(?:otherwise|if not|else)\b[,:]?\s*", re.IGNORECASE)
# Conditions that become a question by swapping subject and verb.
_TURNED = re.compile(
    r"(?P<who>this|that|the [\w-]+(?: [\w-]+)?|"
    r"(?!(?:\w+ )?(?:that|which|who|what|where|when)\b.*\w \w)[\w-]+(?: [\w-]+)?)\s+"
    r"(?P<verb>is|are|was|were|can|has|have)\b(?! to )(?P<rest>.*)",
    re.I | re.S,
)
_HAVE_TO = re.compile(r"(?:you|they|we) (?:have to|need|want|use)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """`then`: what to do if so, '' if the line doesn't say; `otherwise`: what to do if not."""

    ask: str
    then: str = ""
    otherwise: str = ""


def question_in(text: str) -> Question | None:
    """Parse a line such as “If the disk is full, remove old logs”; None if it doesn't begin like one."""
    found = _IF.fullmatch(" ".join(text.split()))
    if found is None or _ELSE.fullmatch(" ".join(text.split())):
        return None
    parts = _THEN.split(found["rest"], maxsplit=1)
    action = parts[1].strip() if len(parts) > 1 else ""
    then, otherwise = ([*_OTHERWISE.split(action, maxsplit=1), ""])[:2]
    return Question(_asked(parts[0]), _capital(then), _capital(otherwise))


def tree_in(text: str) -> list[tuple[int, Question]]:
    """The questions of a drawn decision tree, each with its line counted from 0."""
    found: list[tuple[int, Question]] = []
    for at, line in enumerate(text.split("\n")):
        branch = _BRANCH.fullmatch(line.strip())
        if branch and found:
            number, asked = found[-1]
            is_yes = branch["answer"].lower() == "yes"
            then = _capital(branch["words"]) if is_yes else asked.then
            otherwise = asked.otherwise if is_yes else _capital(branch["words"])
            found[-1] = (number, Question(asked.ask, then, otherwise))
        elif line.strip().endswith("?"):
            found.append((at, Question(line.strip())))
    return [(at, asked) for at, asked in found if asked.then and asked.otherwise]


def otherwise_in(text: str) -> str | None:
    """What “Otherwise, …” says to do; None if the text doesn't begin like that."""
    found = _ELSE.fullmatch(" ".join(text.split()))
    return _capital(found["rest"]) if found else None


def _asked(condition: str) -> str:
    words = condition.strip().rstrip("?:,.;")
    turned = _TURNED.fullmatch(words)
    if turned:
        words = f"{turned['verb'].lower()} {turned['who']}{turned['rest']}"
    elif _HAVE_TO.match(words):
        words = f"do {words}"
    return f"{_capital(words)}?"


def _capital(words: str) -> str:
    words = words.strip().rstrip(",;:")
    return words[:1].upper() + words[1:]

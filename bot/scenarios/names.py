"""Names in a scenario that should mean something in its runbook: people, tiers, audiences, severities, channels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.runbook.mistakes import RawMistake, advice
from bot.runbook.references import found_at
from bot.scenarios.expectations import ANYBODY, WAYS
from bot.scenarios.steps import KEYS

# Where a name stands, what it names, and of which group.
WHERE = (
    *(("expect[]." + key, "somebody") for key in ("paged", "acknowledged", "resolved", "who")),
    *(("expect[]." + key, "audience") for key in ("told", "audience")),
    *(("expect[]." + key, "severity") for key in ("declared", "severity")),
    ("expect[].in", "channel"),
)
# What people and audiences are called in the file is written as it stands there; the rest in whatever capitals.
EXACT = ("somebody", "audience")


def unknown_names(content: Mapping[str, Any], runbook: Runbook) -> Iterator[RawMistake]:
    """For content that is in order otherwise."""
    for number, step in enumerate(content["script"]):
        for key in step.keys() - {*KEYS, *runbook.people}:
            known = [*runbook.people, *KEYS[1:]]
            yield RawMistake(("script", number, key), f"there is no person “{key}”: {advice(key, known)}")
        for key in step.keys() & runbook.people.keys():
            if message := _nobody_escalated_to(str(step[key]), runbook):
                yield RawMistake(("script", number, key), message)
    for pattern, kind in WHERE:
        for path, name in found_at(content, pattern):
            what, known = _known(kind, name, runbook)
            if not _is_known(kind, name, [*known, ANYBODY]) and not _is_a_room(kind, name, runbook):
                yield RawMistake(path, f"there is no {what} “{name}”: {advice(name, known)}")
            elif kind == "audience" and name in known and not _is_seen(runbook.audiences[name]):
                message = f"“{name}” reads nothing but its status page, which a rehearsal does not see"
                yield RawMistake(path, message)


def _is_seen(audience: Audience) -> bool:
    return any(getattr(audience, way) for way in WAYS["told"])


def _is_known(kind: str, name: str, known: Sequence[str]) -> bool:
    if kind in EXACT:
        return name in known
    return name.lower().removeprefix("#") in [one.lower().removeprefix("#") for one in known]


def _is_a_room(kind: str, name: str, runbook: Runbook) -> bool:
    """Those of incidents are opened when it is played."""
    return kind == "channel" and name.lower().removeprefix("#").startswith(f"{runbook.channels.prefix}-")


def _nobody_escalated_to(deed: str, runbook: Runbook) -> str | None:
    """`escalates ben You know the gateway`: what stands first is whom; with nothing behind it, the next tier."""
    verb, _, words = " ".join(deed.split()).partition(" ")
    whom, known = words.partition(" ")[0].removeprefix("@"), [*runbook.tiers, *runbook.people]
    if verb != "escalates" or not whom or whom.lower() in map(str.lower, known):
        return None
    return f"there is no tier and nobody “{whom}” to escalate to: {advice(whom, known)}"


def _known(kind: str, name: str, runbook: Runbook) -> tuple[str, list[str]]:
    """What is named there, and all of it."""
    if kind == "audience":
        return kind, list(runbook.audiences)
    if kind == "severity":
        return kind, list(runbook.severity_ids)
    if kind == "channel":
        return kind, runbook.channel_names
    if name.startswith("tier/"):
        return "tier", [f"tier/{key}" for key in runbook.tiers]
    return "person", list(runbook.people)

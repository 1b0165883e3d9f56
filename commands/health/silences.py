"""Mute alerts for a while, list what is muted, and end or extend it."""

from datetime import timedelta

from bot.domain.alerts.silence import Silence, selected
from bot.domain.errors import Refused
from bot.domain.text import cut
from bot.runbook import spoken_duration
from bot.services.alerts.silence_posts import silence_buttons
from commands.desk.call import Answer, Call
from commands.desk.which_incident import must_be_for_everybody
from commands.health.book import COMMAND

EXAMPLE = "`/health silence instance=db-1* 2h database upgrade`"


@COMMAND.verb(
    "silence", "mute", usage="silence <check|source|label=value> <duration> [why]",
    help="mute alerts for a while: still stored and counted", needs="alert.silence",
)  # fmt: skip
async def silence(call: Call) -> Answer:
    selector, duration, why = split(call.text)
    if why:
        await must_be_for_everybody(call, "Not silenced", "why", "Leave the reason out, or type")
    matches = selected(selector, call.house.runbook.health.checks, call.house.alert_sources)
    made = await call.house.silences.of_selected(call.actor, matches, selector, duration, why)
    return call.say("silenced", silence=made, reach=await _reach(call, made), buttons=tuple(silence_buttons(made)))


@COMMAND.verb("silences", "muted", usage="silences", help="what is silenced, by whom, why and until when")
async def silences(call: Call) -> Answer:
    found = await call.house.silences.in_force()
    buttons = [button for one, _ in found for button in silence_buttons(one, one.ref if len(found) > 1 else "")]
    return call.say("silences", silences=found, buttons=tuple(buttons))


@COMMAND.button("alert.silence.end")
async def end(call: Call) -> Answer:
    ended = await call.house.silences.end(call.actor, call.number)
    return call.say("silence_ended", silence=ended)


@COMMAND.button("alert.silence.extend")
async def extend(call: Call) -> Answer:
    longer = await call.house.silences.extend(call.actor, call.number)
    return call.say("silenced", silence=longer, reach=await _reach(call, longer))


async def _reach(call: Call, silence: Silence) -> str:
    """Shows at once whether a typo matches nothing."""
    return call.house.rendering.say("documents/silence_reach", reach=await call.house.silences.reach(silence))


def split(text: str) -> tuple[str, timedelta, str]:
    """Selector, duration (the first words that are one: `2h`, `30 min`), and reason. Raises Refused."""
    selector, words = _first(text)
    for start in range(min(len(words), 2)):
        for end in (start + 2, start + 1):
            try:
                duration = spoken_duration(" ".join(words[start:end]))
            except Refused:
                continue
            return " ".join([selector, *words[:start]]), duration, " ".join(words[end:])
    if words:
        raise Refused(f"“{cut(words[0], 40)}” is no time to silence it for: say 30m, 2h or 3d, such as {EXAMPLE}.")
    raise Refused(f"Say what to silence and for how long: {EXAMPLE}.")


def _first(text: str) -> tuple[str, list[str]]:
    """The first word, where quotes may contain spaces, and the others."""
    quote, end = "", len(text)
    for place, sign in enumerate(text):
        if sign in "\"'“”" and (not quote or sign in (quote, "”")):
            quote = "" if quote else sign
        elif sign.isspace() and not quote:
            end = place
            break
    return text[:end].replace("“", '"').replace("”", '"'), text[end:].split()

"""Planned work: announce, begin, extend, move, end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from bot.domain.alerts.silence import selected
from bot.domain.errors import Refused
from bot.domain.maintenance.window import REASON_LENGTH, WHAT_LENGTH, Window
from bot.runbook import format_duration, spoken_duration
from bot.runbook.audiences import component_names
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number, outdated, second
from commands.desk.when import moment
from commands.desk.which_incident import must_be_for_everybody
from commands.incident.book import COMMAND

HOW = (
    "Type what, when and for how long: `/incident maintenance Database upgrade at tomorrow 22:00 for 2h`. "
    "Add `silencing db-*` (as `/health silence` has it) to mute its alerts meanwhile, `affecting Shop` for what "
    "readers will notice, and `telling clients` to choose the audiences"
)
# Clauses after the duration, in any order.
CLAUSE = re.compile(r" (silencing|telling|affecting) ", re.IGNORECASE)
LASTS = re.compile(r" for ", re.IGNORECASE)
# Where the time may begin: after one of these words, or with a day's name.
BEGINS = re.compile(
    r" (?:(?:at|on|from|starting) |(?=(?:today|tonight|tomorrow|next|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b))",
    re.IGNORECASE,
)
REF = re.compile(r"M-(\d{1,9})", re.IGNORECASE)
LIST = ("list", "all", "show")
SPANS = (30, 60)
# Limit of places tried where a time or duration may begin.
PLACES = 8


@dataclass(frozen=True)
class Typed:
    """The parsed command."""

    what: str
    starts_at: datetime
    lasts: timedelta
    silencing: str = ""
    telling: str = ""
    affecting: str = ""

    @property
    def audiences(self) -> list[str]:
        return _each(self.telling)

    @property
    def components(self) -> list[str]:
        return _each(self.affecting)


@COMMAND.verb(
    "maintenance",
    usage="maintenance <what> at <when> for <how long> [silencing <selector>] [affecting <what>] [telling <audiences>]",
    help="plan work, announce it, and mute its alerts meanwhile; `maintenance list`", needs="incident.declare",
)  # fmt: skip
async def maintenance(call: Call) -> Answer:
    text = call.text.strip()
    if text.lower() not in LIST and not REF.fullmatch(text):
        await must_be_for_everybody(call, "Not planned", "planned work")
    if not text:
        return _plan_form(await call.house.windows.to_come(), call)
    if text.lower() in LIST:
        newest, more = await call.house.windows.newest()
        return call.say("maintenance_list", windows=newest, entries={}, more=more)
    if found := REF.fullmatch(text):
        return await _one(call, int(found[1]))
    typed = await read(text, call.house.clock.now(), call.house.runbook.timezone)
    return await _plan(call, typed)


@COMMAND.form("maintenance.plan")
async def plan(call: Call) -> Answer:
    when, now = call.values["when"], call.house.clock.now()
    starts_at = await moment(when, now=now, zone=call.house.runbook.timezone)
    typed = Typed(
        call.values["what"],
        starts_at,
        spoken_duration(call.values["lasts"]),
        call.values["silencing"],
        call.values["telling"],
        call.values.get("affecting", ""),
    )
    return await _plan(call, typed)


@COMMAND.button("maintenance.begin")
async def begin(call: Call) -> Answer:
    await call.house.windows.begin(call.actor, call.number)
    return None


@COMMAND.button("maintenance.done")
async def done(call: Call) -> Answer:
    await call.house.windows.done(call.actor, call.number)
    return None


@COMMAND.button("maintenance.extend")
async def extend(call: Call) -> Answer:
    of, minutes, ends = (*call.value.split(" ", 2), "", "")[:3]
    if number(minutes) not in SPANS:
        raise outdated("button")
    seen = second(ends) if ends else None
    await call.house.windows.extend(call.actor, number(of), timedelta(minutes=number(minutes)), seen)
    return None


@COMMAND.button("maintenance.cancel")
async def ask_why(call: Call) -> Answer:
    window, _ = await call.house.windows.find(call.number)
    why = Input("why", "Why", optional=True, max_length=REASON_LENGTH)
    words = call.house.rendering.say("slack/maintenance_change", window=window)
    return Form(
        form(
            "maintenance.cancel", f"Cancel {window.ref}", [why], submit="Cancel it", words=words, private=f"{window.id}"
        )
    )


@COMMAND.form("maintenance.cancel")
async def cancel(call: Call) -> Answer:
    await call.house.windows.cancel(call.actor, call.number, call.values["why"])
    return None


@COMMAND.button("maintenance.move")
async def ask_when(call: Call) -> Answer:
    window, _ = await call.house.windows.find(call.number)
    inputs = [
        Input("when", "New start", hint="tomorrow 22:00, or 2026-12-01 22:00", max_length=80),
        Input("lasts", "For how long", value=format_duration(window.ends_at - window.starts_at), max_length=40),
        Input("why", "Why", optional=True, max_length=REASON_LENGTH),
    ]
    words = call.house.rendering.say("slack/maintenance_change", window=window)
    return Form(
        form("maintenance.move", f"Move {window.ref}", inputs, submit="Move", words=words, private=f"{window.id}")
    )


@COMMAND.form("maintenance.move")
async def move(call: Call) -> Answer:
    starts_at = await moment(call.values["when"], now=call.house.clock.now(), zone=call.house.runbook.timezone)
    lasts = spoken_duration(call.values["lasts"])
    await call.house.windows.move(call.actor, call.number, starts_at, lasts, call.values["why"])
    return None


async def read(text: str, now: datetime, zone: ZoneInfo) -> Typed:
    """Parse the command in the zone's wall clock. Raises Refused, with what to type instead."""
    # Collapse spaces first: each would start a search of its own.
    text = " ".join(text.split())
    for cut in islice(LASTS.finditer(text), PLACES):
        rest, *clauses = CLAUSE.split(text[cut.end() :])
        try:
            lasts = spoken_duration(rest)
        except Refused:
            continue
        what, starts_at = await _what_and_when(text[: cut.start()], now, zone)
        said = {word.lower(): words.strip() for word, words in zip(clauses[::2], clauses[1::2], strict=True)}
        return Typed(what, starts_at, lasts, **said)
    raise Refused(f"{HOW}.")


async def _what_and_when(text: str, now: datetime, zone: ZoneInfo) -> tuple[str, datetime]:
    """Split at the first place after which everything is a time, as the description may contain `at` and `on`."""
    refusal = Refused(f"{HOW}.")
    for place in islice(BEGINS.finditer(text), PLACES):
        try:
            return text[: place.start()], await moment(text[place.end() :], now=now, zone=zone)
        except Refused as error:
            refusal = error
    raise refusal


async def _plan(call: Call, typed: Typed) -> Reply:
    matches = {}
    if typed.silencing:
        matches = dict(selected(typed.silencing, call.house.runbook.health.checks, call.house.alert_sources))
    window = await call.house.windows.plan(
        call.actor,
        typed.what,
        typed.starts_at,
        typed.lasts,
        matches=matches,
        shown=typed.silencing,
        audiences=typed.audiences,
        components=typed.components,
    )
    return call.say("maintenance_planned", window=window, channel=call.house.runbook.channels.incidents)


def _plan_form(windows: Sequence[Window], call: Call) -> Form:
    inputs = [
        Input("what", "What", max_length=WHAT_LENGTH),
        Input("when", "When", hint="tomorrow 22:00, Sun 02:00, or 2026-12-01 22:00", max_length=80),
        Input("lasts", "For how long", hint="2h, or 90 minutes", max_length=40),
        Input("silencing", "Mute alerts meanwhile", optional=True, hint="a check, a source, or label=value"),
        Input("telling", "Tell", optional=True, hint="audiences, with commas; empty: the automatic ones"),
    ]
    if known := component_names(call.house.runbook.audiences.values()):
        inputs.append(
            Input("affecting", "What readers will notice", optional=True, hint=f"with commas: {', '.join(known)}")
        )
    words = call.house.rendering.say("slack/maintenance_list", windows=windows, entries={}, more=0)
    return Form(form("maintenance.plan", "Plan maintenance", inputs, submit="Plan", words=words))


def _each(listed: str) -> list[str]:
    return [one.strip() for one in listed.split(",") if one.strip()]


async def _one(call: Call, window_id: int) -> Reply:
    window, entries = await call.house.windows.find(window_id)
    return call.say("maintenance_list", windows=[window], entries={window.id: entries}, more=0)

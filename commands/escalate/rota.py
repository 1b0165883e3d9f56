"""Who is on call now and next; taking over a schedule for a while."""

from datetime import datetime
from typing import Any

from bot.domain.errors import NotFound, Refused
from bot.domain.people.schedule import Cover
from bot.domain.text import either
from bot.runbook import Schedule
from commands.desk.call import Answer, Call
from commands.desk.typed import first_word, is_mention
from commands.desk.when import moment
from commands.escalate.book import COMMAND

COVER_USAGE = "cover <schedule> [@user|ask] until <time>"
HOW_TO_COVER = (
    "Type which schedule, who, and until when: `/escalate cover primary @ben until Mon 9am`; without a person it is "
    "you. It may begin later: `from Fri 18:00 until Mon 9am`. `/escalate cover primary off` ends the one that runs, "
    "`off all` also those that are planned. `/escalate cover primary ask until Mon 9am` asks who takes it."
)
# Ends the current cover, or that and all planned ones.
OFF = ("off", "off all")
SPAN_WORDS = ("ask", "from", "until", "till", "to", "for", "off")
ENDS = ("until", "till", "to")
FROM_TODAY = frozenset({"today", "tonight", "tomorrow"})


@COMMAND.verb("oncall", "on-call", "who", usage="oncall", help="who is on call now and next, and who covers")
async def on_call(call: Call) -> Answer:
    unconfirmed = await call.house.confirmations.unconfirmed()
    providers = list(call.house.runbook.providers.values())
    return call.say("on_call", **on_call_facts(call), unconfirmed=unconfirmed, providers=providers)


@COMMAND.button("escalate.oncall")
async def on_call_pressed(call: Call) -> Answer:
    return await on_call(call)


@COMMAND.verb(
    "cover",
    needs="schedule.cover",
    usage=COVER_USAGE,
    help="this person, or you, has the schedule until then; `ask` asks everybody; `off` ends it",
)
async def cover(call: Call) -> Answer:
    word, rest = first_word(call.typed)
    if not word:
        raise Refused(HOW_TO_COVER)
    schedule = call.house.covers.schedule(call.with_text(word).text.removeprefix("schedule/"))
    person, span = _by_whom(call, rest)
    asking, _, of_ask = span.partition(" ")
    if span != rest.strip() and (span.lower() in OFF or asking.lower() == "ask"):
        raise Refused(_nobody_is_named(schedule.key, asking.lower()))
    if span.lower() in OFF:
        ended = await call.house.covers.end(call.actor, schedule.key, planned=span.lower() != "off")
        now = call.house.clock.now()
        shift = call.house.people.shift(schedule.key, now)
        return call.say("cover_ended", schedule=schedule, ended=ended, shift=shift, now=now)
    if asking.lower() == "ask":
        begins, ends = await _from_when_until_when(call, schedule, of_ask)
        await _must_be_heard(call)
        asked = await call.house.cover_requests.ask(call.actor, schedule.key, begins=begins, ends=ends)
        return call.say("cover_is_asked", asked=asked, channel=call.house.runbook.channels.incidents)
    begins, ends = await _from_when_until_when(call, schedule, span)
    made = await call.house.covers.cover(call.actor, schedule.key, person, begins=begins, ends=ends)
    gaps = await call.house.simulations.gaps_of_cover(schedule.key, person)
    return call.say(
        "covered", schedule=schedule, cover=made.cover, replaces=made.replaces, gaps=gaps, now=call.house.clock.now()
    )


@COMMAND.button("cover.take")
async def take_pressed(call: Call) -> Answer:
    asked = await call.house.cover_requests.take(call.actor, call.number)
    return call.say("cover_yours", asked=asked)


@COMMAND.button("cover.withdraw")
async def withdraw_pressed(call: Call) -> Answer:
    """The request's own card shows the result."""
    await call.house.cover_requests.withdraw(call.actor, call.number)
    return None


@COMMAND.verb("calendar", usage="calendar [schedule]", help="your own link to the shifts as a calendar feed")
async def calendar(call: Call) -> Answer:
    word = first_word(call.typed)[0]
    key = call.with_text(word).text.removeprefix("schedule/")
    schedule = call.house.covers.schedule(key).key if key else None
    link = await call.house.calendars.link(call.actor.name, schedule)
    return call.say("calendar", schedule=schedule, link=link)


@COMMAND.verb("test", usage="test", help="a test page to you by each of your ways: acknowledge each to confirm it")
async def test(call: Call) -> Answer:
    return call.say("test_pages_sent", ways=await call.house.confirmations.ask_me(call.actor))


@COMMAND.verb("handover", usage="handover [schedule] <note>", help="a note for the next person on call")
async def handover(call: Call) -> Answer:
    schedule, note = _schedule_and_note(call)
    coming = await call.house.handovers.leave_note(call.actor, schedule, note)
    return call.say("note_left", schedule=schedule, next=coming)


def on_call_facts(call: Call) -> dict[str, Any]:
    now, people = call.house.clock.now(), call.house.people
    shifts = [
        {
            "schedule": key,
            "now": people.shift(key, now),
            "next": people.next_shift(key, now),
            "covers": _to_come(people.covers_of(key), now),
        }
        for key in call.house.runbook.schedules
    ]
    tiers = [
        {"key": key, "name": tier.name, "people": people.in_tier(tier, now)}
        for key, tier in call.house.runbook.tiers.items()
    ]
    hours = {key: one.availability for key, one in call.house.runbook.people.items() if one.availability}
    return {"shifts": shifts, "tiers": tiers, "hours": hours}


def _schedule_and_note(call: Call) -> tuple[str, str]:
    """Without a schedule, the one the caller has now. Raises Refused."""
    word, rest = first_word(call.typed)
    known = {key.lower(): key for key in call.house.runbook.schedules}
    if key := known.get(word.removeprefix("schedule/").lower()):
        schedule, note = key, call.with_text(rest).text.strip()
    else:
        now, people, note = call.house.clock.now(), call.house.people, call.text.strip()
        own = [key for key in known.values() if people.is_same(people.shift(key, now).person, call.actor.name)]
        if not known:
            raise Refused("The runbook has no schedules, so there is no shift to hand over.")
        if note and len(own) != 1:
            choice = either(list(known.values()))
            raise Refused(f"Say for which schedule: `/escalate handover <schedule> <note>`, with {choice}.")
        schedule = own[0] if own else ""
    if not note:
        raise Refused("Type what the next person should know: `/escalate handover primary The queue is slow.`")
    return schedule, note


def _by_whom(call: Call, typed: str) -> tuple[str, str]:
    """The person, by default the caller, and the words after."""
    word, rest = first_word(typed)
    if not word or word.lower() in SPAN_WORDS:
        return call.actor.name, typed.strip()
    if word.lower() == "me":
        return call.actor.name, rest.strip()
    if is_mention(word):
        return call.house.people.meant(word), rest.strip()
    words = call.with_text(typed).text
    if found := call.house.people.first_meant(words):
        return found[0], found[1]
    if word.startswith("@"):
        raise NotFound(call.house.people.unknown(word))
    raise Refused(f"I do not understand “{words}”. {HOW_TO_COVER}")


async def _must_be_heard(call: Call) -> None:
    """Raise Refused where nobody would read it."""
    if await call.house.channels.announced_in() is None:
        channel = call.house.runbook.channels.incidents
        raise Refused(f"I'm not in {channel}, so nobody was asked. Open it or invite me there, and ask again.")


def _nobody_is_named(schedule: str, word: str) -> str:
    what = "asks everybody on the schedule" if word == "ask" else "ends the cover that is running"
    typed = f"/escalate cover {schedule} {word}" + (" until Mon 9am" if word == "ask" else "")
    return f"`{word}` {what}, so it takes no name. Nothing was changed. Type `{typed}`."


async def _from_when_until_when(call: Call, schedule: Schedule, span: str) -> tuple[datetime, datetime]:
    """When a cover begins and ends, read in the schedule's wall clock. Raises Refused."""
    begin, end = _parts(call.with_text(span).text)
    now, zone = call.house.clock.now(), schedule.timezone
    begins = await moment(begin, now=now, zone=zone) if begin else now
    # Relative to the beginning: from Friday 6 pm for two days, or until Monday. But “tomorrow” is relative to now.
    base = now if FROM_TODAY.intersection(end.lower().split()) else max(begins, now)
    return begins, await moment(end, now=base, zone=zone)


def _parts(span: str) -> tuple[str, str]:
    """The words for the beginning, empty for now, and for the end. Linear in the number of words."""
    words = span.split()
    turn = next((at for at, word in enumerate(words) if word.lower() in (*ENDS, "for")), None)
    if turn is None or turn + 1 == len(words):
        raise Refused(HOW_TO_COVER)
    before, after = words[:turn], words[turn if words[turn].lower() == "for" else turn + 1 :]
    if before and (before[0].lower() != "from" or len(before) == 1):
        raise Refused(HOW_TO_COVER)
    return " ".join(before[1:]), " ".join(after)


def _to_come(covers: list[Cover], now: datetime) -> list[Cover]:
    """Covers not begun yet, earliest first."""
    return sorted((one for one in covers if one.begins > now), key=lambda one: one.begins)

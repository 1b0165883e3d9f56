"""Presents a rehearsal as text for people, and as JUnit XML for CI."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from bot.rehearsal.comparing import compared
from bot.rehearsal.facts import Fact, Kind
from bot.rehearsal.judging import Outcome
from bot.rehearsal.play import Rehearsal
from bot.rendering import Rendering
from bot.scenarios import Replay

SHOWN_AT_MOST = 5
# A replay is about who was paged and why; messages are left out.
OF_A_REPLAY: tuple[Kind, ...] = ("event", "undone", "declared", "paged", "acknowledged", "resolved")


def as_text(rehearsal: Rehearsal) -> str:
    """The transcript and the verdict."""
    words = _Words.of(rehearsal)
    shown = [fact for fact in rehearsal.facts if _is_of_interest(fact, rehearsal)]
    lines = [(words.clock(fact.at), words.fact(fact)) for fact in shown]
    wishes = [(one.is_met, words.wish(one), words.what_happened(one)) for one in rehearsal.outcomes]
    return words.say("rehearsal", rehearsal=rehearsal, lines=lines, wishes=wishes)


def as_replay(replay: Replay, rehearsal: Rehearsal) -> str:
    """The transcript, and each page originally and now."""
    words = _Words.of(rehearsal)
    shown = [fact for fact in rehearsal.facts if fact.kind in OF_A_REPLAY]
    lines = [(words.clock(fact.at), words.fact(fact)) for fact in shown]
    pages = compared(replay, rehearsal.facts)
    local = _Words.of(replace(rehearsal, begins=replay.past.declared_at))
    facts = {"replay": replay, "rehearsal": rehearsal, "lines": lines, "pages": pages}
    return local.say("replay", zero=timedelta(0), **facts)


def as_junit(rehearsals: Sequence[Rehearsal]) -> bytes:
    """A suite per rehearsal, with a case per expectation, and one per deed that couldn't be done."""
    root = ElementTree.Element("testsuites", name="tocsin rehearse")
    for one in rehearsals:
        words = _Words.of(one)
        cases = [(words.wish(o), "" if o.is_met else words.what_happened(o)) for o in one.outcomes]
        cases += [(words.fact(fact), fact.text) for fact in one.undone]
        cases, title = [(_in_xml(name), _in_xml(failure)) for name, failure in cases], _in_xml(one.scenario.title)
        failures = sum(bool(failure) for _, failure in cases)
        suite = ElementTree.SubElement(
            root, "testsuite", name=title, file=_in_xml(one.name), tests=str(len(cases)), failures=str(failures)
        )
        for name, failure in cases:
            case = ElementTree.SubElement(suite, "testcase", classname=title, name=name)
            if failure:
                ElementTree.SubElement(case, "failure", message=failure)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _in_xml(text: str) -> str:
    """Replace characters that XML can't contain, which a scenario's alerts may, by spaces."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)


@dataclass(frozen=True)
class _Words:
    """Words for one rehearsal."""

    rehearsal: Rehearsal
    rendering: Rendering
    shows_zone: bool

    @classmethod
    def of(cls, rehearsal: Rehearsal) -> "_Words":
        zone = rehearsal.runbook.timezone
        # When the clocks go back, an hour comes twice, so show the zone.
        offsets = {at.astimezone(zone).utcoffset() for at in (rehearsal.begins, rehearsal.ends)}
        return cls(rehearsal, Rendering(zone), len(offsets) > 1)

    def clock(self, at: datetime) -> str:
        local = at.astimezone(self.rehearsal.runbook.timezone)
        is_other_day = local.date() != self.rehearsal.begins.astimezone(local.tzinfo).date()
        return local.strftime(f"{'%a ' if is_other_day else ''}%H:%M{' %Z' if self.shows_zone else ''}")

    def fact(self, fact: Fact) -> str:
        return self.say("rehearsal_fact", fact=fact)

    def wish(self, outcome: Outcome) -> str:
        return self.say("rehearsal_wish", wish=outcome.expectation)

    def what_happened(self, outcome: Outcome) -> str:
        return self.say("rehearsal_instead", outcome=outcome)

    def say(self, name: str, **facts: Any) -> str:
        usual = {"runbook": self.rehearsal.runbook, "begins": self.rehearsal.begins, "clock": self.clock}
        return self.rendering.say(f"documents/{name}", shown_at_most=SHOWN_AT_MOST, **usual, **facts)


def _is_of_interest(fact: Fact, rehearsal: Rehearsal) -> bool:
    """Leaves out messages, except those in channels that the runbook names, because rooms repeat the timeline."""
    names = rehearsal.runbook.channels
    return fact.kind != "said" or f"#{fact.place}" in (names.incidents, names.alerts, names.public)

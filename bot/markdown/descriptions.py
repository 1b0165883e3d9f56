"""Recognises numbered lists that describe things instead of steps to do, such as “Critical services”."""

import re
from collections.abc import Iterator, Sequence

from bot.markdown.commands import command_in
from bot.markdown.outline import Block, Code, Item, Listing, Section
from bot.markdown.questions import question_in
from bot.markdown.words import plain

# Headings ending in one of these words name things. Under any other heading, items may be steps however they are
# worded.
_THINGS = re.compile(
    r".*\b(?:services|components|dependencies|features|metrics|principles|goals|terms|definitions|environments|"
    r"technologies|integrations|responsibilities|assumptions|constraints|benefits|achievements|overview|architecture|"
    r"stack|background|scope|purpose|glossary)",
    re.IGNORECASE,
)
# The verbs with which steps of runbooks begin.
_VERBS = frozenset(
    """
    acknowledge add analyse analyze announce apply approve archive ask assess assign attach back block call
    cancel capture change check choose clean clear close collect compare confirm connect contact contain copy create
    cut declare delete deploy describe detect determine disable disconnect discuss do document drain drop email
    empty enable ensure escalate establish evaluate export failover fetch find fix flush follow force gather get
    give go identify increase inform inspect install investigate isolate keep kill let list load locate lock log
    look make mark measure migrate monitor move notify obtain open page pause ping plan point post prepare prevent
    promote provide provision pull purge push put read rebuild reboot record recover redeploy reduce remove rename
    repair repeat replace replay replicate report reproduce request reset resize resolve restart restore retry
    revert review revise revoke roll rollback rotate run save scale schedule search see select send set share shut start
    stop submit suspend switch take tell terminate test throttle tidy track trigger troubleshoot try turn type
    understand undo unlock update upgrade upload use validate verify view wait warn watch write
    """.split()  # noqa: SIM905
)
_CLAUSES = re.compile(r"[:;.,()–—>→]\s*|\s-\s|\band\b|\bthen\b", re.IGNORECASE)


def is_description(section: Section) -> bool:
    """Nothing in it is a command, a question or begins with a verb; and its heading names things, or every entry is a
    name with an explanation: “Page level: catches a route's errors”."""
    lists = [block for block in section.blocks if isinstance(block, Listing)]
    items = [item for one in lists for item in one.items]
    names_things = _THINGS.fullmatch(section.title) or all(
        one.is_numbered and ": " in item.text for one in lists for item in one.items
    )
    if not items or not names_things or is_told(section.title):
        return False
    if any(_is_command(block) for block in section.blocks):
        return False
    return not any(_is_step(item) for item in items)


def is_told(text: str) -> bool:
    """Does a clause of it begin with a verb that tells somebody what to do?"""
    parts = (plain(part).split() for part in _CLAUSES.split(text))
    return any(part[0].lower() in _VERBS for part in parts if part)


def _is_step(item: Item) -> bool:
    words = [item.text, *_texts(item.within)]
    return (
        item.is_box
        or any(_is_command(block) for block in item.within)
        or any(question_in(one) is not None or is_told(one) for one in words)
    )


def _texts(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Listing):
            for item in block.items:
                yield item.text
                yield from _texts(item.within)


def _is_command(block: Block) -> bool:
    return isinstance(block, Code) and bool(command_in(block))

"""A slash command's book: its verbs with their help, its buttons and forms."""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from bot.domain.errors import Refused
from bot.runbook.models import Deed as Right
from bot.slack.blocks import clip
from commands.desk.call import Answer, Call
from commands.desk.typed import first_word

Deed = Callable[[Call], Awaitable[Answer]]
# Returns what is wrong, by input, given a form's inputs. Pure, because Slack is waiting.
Judge = Callable[[Mapping[str, str]], Mapping[str, str]]

# Limit for quoting input, which may be a whole pasted log.
QUOTED = 80

HELP = frozenset({"help", "-h", "--help", "?"})


@dataclass(frozen=True)
class Verb:
    words: tuple[str, ...]
    usage: str
    help: str
    deed: Deed
    needs: Right | None = None

    async def permitted(self, call: Call) -> Answer:
        """The deed, after the permission check, so that nothing else is revealed without it."""
        if self.needs:
            call.house.permissions.must(call.actor, self.needs)
        return await self.deed(call)


@dataclass
class Command:
    """`name`: the word after the slash in this project; the runbook may rename it in Slack.

    `also`: uses without a verb, as what follows the command and what that does. `order`: verbs listed first in the
    help; the others follow in order of registration.
    """

    name: str
    summary: str
    also: tuple[tuple[str, str], ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    verbs: list[Verb] = field(default_factory=list)
    buttons: dict[str, Deed] = field(default_factory=dict)
    forms: dict[str, Deed] = field(default_factory=dict)
    judges: dict[str, Judge] = field(default_factory=dict)
    shortcuts: dict[str, Deed] = field(default_factory=dict)
    events: dict[str, Deed] = field(default_factory=dict)
    bare: Deed | None = None
    other: Deed | None = None

    def verb(self, *words: str, usage: str, help: str, needs: Right | None = None) -> Callable[[Deed], Deed]:
        """Register a verb: its name, then synonyms; `usage`: what follows the slash command.

        `needs`: the right in the runbook without which none of it may be done.
        """

        def add(deed: Deed) -> Deed:
            self.verbs.append(Verb(words, usage, help, deed, needs))
            return deed

        return add

    def alone(self, deed: Deed) -> Deed:
        """Register what the command does without any words."""
        self.bare = deed
        return deed

    def otherwise(self, deed: Deed) -> Deed:
        """Register what a first word that is no verb does, such as a check's name; it gets the whole text."""
        self.other = deed
        return deed

    def button(self, action: str) -> Callable[[Deed], Deed]:
        """Register a button or menu of a message by its action, such as `incident.resolve`."""
        return _into(self.buttons, action)

    def form(self, callback: str, judge: Judge | None = None) -> Callable[[Deed], Deed]:
        """Register a modal's submission by its callback id."""
        if judge:
            self.judges[callback] = judge
        return _into(self.forms, callback)

    def shortcut(self, callback: str) -> Callable[[Deed], Deed]:
        """Register a message shortcut."""
        return _into(self.shortcuts, callback)

    def event(self, name: str) -> Callable[[Deed], Deed]:
        """Register a Slack event; `call.message` is the event."""
        return _into(self.events, name)

    def meant(self, typed: str) -> tuple[Deed, str]:
        """The deed for what was typed, and the rest of the words; raises Refused, suggesting the nearest verb."""
        first, rest = first_word(typed)
        if not first and self.bare:
            return self.bare, ""
        if first.lower() in HELP:
            return partial(self.help, word=rest), ""
        # Phone keyboards add a full stop: “Ack.”
        word = first.lower().rstrip(".,:;!?")
        for verb in self.verbs:
            if word in verb.words:
                return (partial(self.help, word=first), "") if rest.lower() in HELP else (verb.permitted, rest)
        if self.other:
            return self.other, typed.strip()
        raise Refused(self.unknown(first))

    def unknown(self, word: str, others: Iterable[str] = ()) -> str:
        """The error for a word that is neither a verb nor one of the `others` allowed there."""
        near = self.nearest(word, others)
        if other := self.elsewhere.get(word.lower()):
            hint = f"Did you mean `{other}`?"
        else:
            hint = f"Did you mean `/{self.name} {near}`?" if near else f"`/{self.name} help` shows what there is."
        return f"I do not know “{clip(word, QUOTED)}”. {hint}"

    def nearest(self, word: str, others: Iterable[str] = ()) -> str | None:
        """The verb, or one of the `others`, that was probably meant."""
        words = [known for verb in self.verbs for known in verb.words]
        return next(iter(difflib.get_close_matches(word.lower(), [*words, *others], n=1, cutoff=0.6)), None)

    async def help(self, call: Call, word: str = "") -> Answer:
        """Help on this verb; on the whole command if it is none."""
        asked = [verb for verb in self.verbs if word.lower() in verb.words]
        also = [] if asked else self.also
        return call.say("help", name=self.name, summary=self.summary, also=also, verbs=asked or self._in_order())

    def _in_order(self) -> list[Verb]:
        return sorted(self.verbs, key=lambda verb: (*self.order, verb.words[0]).index(verb.words[0]))


def _into(book: dict[str, Deed], name: str) -> Callable[[Deed], Deed]:
    def add(deed: Deed) -> Deed:
        book[name] = deed
        return deed

    return add

"""The book of one slash command: its verbs with their help, its buttons and its forms."""

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
# Given a form's inputs by name: what is wrong with which input. Pure, because Slack waits for it.
Judge = Callable[[Mapping[str, str]], Mapping[str, str]]

# Somebody may have pasted a whole log.
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
        """The deed, for those whom the runbook lets do it; nobody else's words are even read."""
        if self.needs:
            call.house.permissions.must(call.actor, self.needs)
        return await self.deed(call)


@dataclass
class Command:
    """`name` is the word after the slash as this project knows it; the runbook may rename it in Slack.

    `also` are ways to use it that begin with no verb: what follows the slash command, and what it does. `order` names
    the verbs that come first in the help; the others follow as they were found.
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
        """The first word names the verb, the rest are synonyms; `usage` is what follows the slash command.

        `needs`: the runbook's name of what this does, where nobody may do any of it without that right.
        """

        def add(deed: Deed) -> Deed:
            self.verbs.append(Verb(words, usage, help, deed, needs))
            return deed

        return add

    def alone(self, deed: Deed) -> Deed:
        """The command without any words."""
        self.bare = deed
        return deed

    def otherwise(self, deed: Deed) -> Deed:
        """A first word that is no verb, such as the name of a check; the text is whole."""
        self.other = deed
        return deed

    def button(self, action: str) -> Callable[[Deed], Deed]:
        """A button or a choice in a message, by its action (`incident.resolve`)."""
        return _into(self.buttons, action)

    def form(self, callback: str, judge: Judge | None = None) -> Callable[[Deed], Deed]:
        """A submitted modal, by its callback id."""
        if judge:
            self.judges[callback] = judge
        return _into(self.forms, callback)

    def shortcut(self, callback: str) -> Callable[[Deed], Deed]:
        """A shortcut in a message's menu."""
        return _into(self.shortcuts, callback)

    def event(self, name: str) -> Callable[[Deed], Deed]:
        """Something that happened in Slack; `call.message` is the event."""
        return _into(self.events, name)

    def meant(self, typed: str) -> tuple[Deed, str]:
        """What to do, and the words that are left for it; raises Refused with the nearest verb."""
        first, rest = first_word(typed)
        if not first and self.bare:
            return self.bare, ""
        if first.lower() in HELP:
            return partial(self.help, word=rest), ""
        # “Ack.” is what a telephone's keyboard makes of it.
        word = first.lower().rstrip(".,:;!?")
        for verb in self.verbs:
            if word in verb.words:
                return (partial(self.help, word=first), "") if rest.lower() in HELP else (verb.permitted, rest)
        if self.other:
            return self.other, typed.strip()
        raise Refused(self.unknown(first))

    def unknown(self, word: str, others: Iterable[str] = ()) -> str:
        """The sentence for a word that is no verb of this command, nor one of the `others` that may stand there."""
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
        """How this verb is used; all of the command when the word is none of its verbs."""
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

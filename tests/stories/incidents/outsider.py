"""An outsider to a private incident who tries every command, button and form, and remembers everything they saw."""

import json

from bot.domain.postmortems.sections import SECTIONS
from bot.sandbox.people import Person
from commands.desk.desk import books
from commands.desk.which_incident import CHOICE
from tests.stories.asking import declared, told
from tests.world import World, words_of

BUTTONS = sorted({CHOICE} | {name for book in books() for name in book.buttons})
FORMS = sorted(name for book in books() for name in book.forms)
VERBS = sorted(f"/{book.name} {verb.words[0]}" for book in books() for verb in book.verbs)
FIELDS = (
    "title", "severity", "kind", "update", "next_update", "why", "status", "impact", "summary", "note", "role", "who",
    "subject", "text", "incident", "duration", "reason", "target", "name", "url", "detected", "when",
    "owner", "by", "priority", "link", *SECTIONS,
)  # fmt: skip


class Outsider:
    """`saw` is everything that was ever on their screen. They forge the card of a public incident of their own."""

    def __init__(self, world: World, person: Person, own: str) -> None:
        self._world = world
        self._person = person
        self._own = own
        self.saw = ""

    async def types(self, typed: str) -> str:
        answer = await self._person.types(typed, "#general")
        await self._world.settled()
        assert answer.error is None, typed
        return await self._looks(told(answer))

    async def presses(self, action: str, value: str) -> str:
        card = self._world.card(self._own)
        block = next(block for block in card.blocks or [] if block["type"] == "actions")
        text = {"type": "plain_text", "text": "Forged"}
        kept, block["elements"][0] = (
            block["elements"][0],
            {"type": "button", "text": text, "action_id": action, "value": value},
        )
        try:
            answer = await self._person.acts(card, {"block_id": block["block_id"], "action_id": action}, {})
        finally:
            block["elements"][0] = kept
        await self._world.settled()
        assert answer.error is None, (action, value)
        return await self._looks(told(answer))

    async def submits(self, callback: str, carried: str, *, opened_in: str = "") -> str:
        """Submit a form of theirs with a forged value, as if it had been opened in the channel `opened_in`."""
        await self._person.types("/incident declare", "#general")
        await self._world.settled()
        view = self._person.modal()
        back = json.loads(view.content["private_metadata"]) | {"private": carried}
        view.content["private_metadata"] = json.dumps(back | ({"channel": opened_in} if opened_in else {}))
        view.content["callback_id"] = callback
        label, element = {"type": "plain_text", "text": "x"}, {"type": "plain_text_input", "action_id": "value"}
        view.content["blocks"] = [
            {"type": "input", "block_id": name, "label": label, "element": element, "optional": True} for name in FIELDS
        ]
        given = {"severity": "P1", "status": "monitoring", "next_update": "", "impact": "over", "duration": "1h"}
        given |= {"incident": "INC-1", "kind": "real", "role": "lead", "who": self._person.id}
        values = {name: given.get(name, "x") for name in FIELDS}
        view.values = {name: {"value": {"type": "plain_text_input", "value": text}} for name, text in values.items()}
        answer = await self._person.submits()
        assert "required" not in str(answer.errors), "it never left their screen"
        await self._world.settled()
        return await self._looks(told(answer))

    async def looks_everywhere(self) -> str:
        """Look at their Home tab and at every channel they can open."""
        await self._person.opens_home()
        await self._world.settled()
        for channel in self._world.workspace.conversations:
            if channel.kind == "public" or self._person.id in channel.members:
                self.saw += f"\n{channel.name} {channel.topic}\n"
                self.saw += "\n".join(words_of(one) for one in self._person.sees(channel))
        home = self._person.home()
        assert home is not None
        return await self._looks(json.dumps(home.content))

    async def _looks(self, words: str) -> str:
        seen = "\n".join([words, *(json.dumps(view.content["blocks"]) for view in self._person.modals())])
        while self._person.modals():
            await self._person.dismisses()
        self.saw += f"\n{seen}"
        return seen


async def outsider(world: World, name: str = "dev") -> Outsider:
    """An outsider with an incident of their own, who is in its channel."""
    await declared(world, "P3 Search is slow", by=name)
    ref = f"INC-{len(await world.house.incidents.newest(open_only=False))}"
    return Outsider(world, world.workspace.person(name), ref)

"""Buttons of what somebody was given in an incident, a task or an action: Done, More time, Hand over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident, must_be_open
from bot.services import Services
from bot.slack.blocks import Input, form
from commands.desk.book import Command
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.which_incident import must_let_in, titled

# Words after the verb that list them.
LIST = ("list", "ls", "all", "show")


class InIncident(Protocol):
    @property
    def incident_id(self) -> int: ...


class Deeds(Protocol):
    """What can be done about one of them, by number."""

    async def find(self, number: int, /) -> InIncident: ...
    async def done(self, actor: Actor, number: int, /) -> InIncident: ...
    async def more_time(self, actor: Actor, number: int, /) -> InIncident: ...
    async def hand_over(self, actor: Actor, number: int, owner: str, /) -> InIncident: ...


@dataclass(frozen=True)
class Given:
    """`word`: its name in actions, templates and titles. `while_open`: can be handed over only while the incident is
    open."""

    word: str
    deeds: Callable[[Services], Deeds]
    while_open: bool = False

    def add_to(self, command: Command) -> None:
        """Register its buttons and form."""
        command.button(f"{self.word}.done")(self._done)
        command.button(f"{self.word}.longer")(self._longer)
        command.button(f"{self.word}.hand")(self._ask_whom)
        command.form(f"{self.word}.hand")(self._handed)

    def unless_in_room(self, call: Call, incident: Incident, given: InIncident) -> Answer:
        """No answer in the room, where its message shows the result."""
        is_shown = call.channel == incident.room_id and not incident.room_closed
        return None if is_shown else self._answer(call, incident, given)

    async def _done(self, call: Call) -> Answer:
        incident = await self._incident_of(call)
        return self.unless_in_room(call, incident, await self.deeds(call.house).done(call.actor, call.number))

    async def _longer(self, call: Call) -> Answer:
        incident = await self._incident_of(call)
        return self._answer(call, incident, await self.deeds(call.house).more_time(call.actor, call.number))

    async def _ask_whom(self, call: Call) -> Answer:
        incident = await self._incident_of(call)
        if self.while_open:
            must_be_open(incident, f"hand a {self.word} over")
        inputs = [Input("who", "To whom", kind="person")]
        title = titled(f"{self.word.capitalize()} of", incident)
        return Form(form(f"{self.word}.hand", title, inputs, submit="Hand over", private=str(call.number)))

    async def _handed(self, call: Call) -> Answer:
        incident = await self._incident_of(call)
        who = call.house.people.named(call.values["who"])
        given = await self.deeds(call.house).hand_over(call.actor, call.number, who)
        return self.unless_in_room(call, incident, given)

    async def _incident_of(self, call: Call) -> Incident:
        """The incident of the one numbered in the button or form. Raises NotPermitted to outsiders."""
        found = await self.deeds(call.house).find(call.number)
        incident = await call.house.incidents.find(str(found.incident_id))
        await must_let_in(call, incident)
        return incident

    def _answer(self, call: Call, incident: Incident, given: InIncident) -> Reply:
        facts: dict[str, Any] = {"incident": incident, self.word: given}
        return call.say(f"{self.word}_given", **facts)

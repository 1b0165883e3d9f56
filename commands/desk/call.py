"""One request of a person, and the answers a command can give."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain.actor import Actor
from bot.services import Services
from bot.slack.blocks import Button, Message, message
from commands.desk.carried import number
from commands.desk.typed import as_typed, first_word, is_mention


@dataclass(frozen=True)
class Call:
    """What was typed, pressed or submitted, by whom and where. Fields that the kind of request has not are empty.

    `typed` is what follows the verb, as Slack wrote it, and `names` those of the people mentioned in it; `text` has the
    words themselves. `about` is the incident that was chosen when the words named none. `value` is the button's or the
    chosen option's value, `values` a form's inputs by name, `private` what the form carried along, `view` the form or
    Home tab itself, `message` the message of a shortcut or the pressed button, or an event.
    """

    house: Services
    actor: Actor
    user: str
    received_at: datetime
    typed: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    channel: str = ""
    trigger_id: str = ""
    response_url: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    private: str = ""
    view: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return as_typed(self.typed, self.names)

    @property
    def is_at_home(self) -> bool:
        """Pressed in the App Home, where no message can appear."""
        return self.view.get("type") == "home"

    @property
    def number(self) -> int:
        """Of what the button or the form is about. Raises Refused for what none of ours carries."""
        return number(self.value or self.private)

    def with_text(self, typed: str) -> "Call":
        return replace(self, typed=typed)

    def whom(self) -> tuple[str, str]:
        """The person named first, by mention, key, name or as `me`, and what follows. Raises NotFound."""
        first, rest = first_word(self.typed)
        if first.lower() == "me":
            return self.actor.name, as_typed(rest, self.names)
        if is_mention(first):
            return self.house.people.meant(first), as_typed(rest, self.names)
        if found := self.house.people.first_meant(self.text):
            return found
        return self.house.people.meant(first if first.startswith("@") else self.text), ""

    def say(self, template: str, *, buttons: tuple[Button, ...] = (), **facts: Any) -> "Reply":
        """An answer in the words of `templates/slack/<template>.j2`."""
        return Reply(message(self.house.rendering.say(f"slack/{template}", **facts), buttons))


@dataclass(frozen=True)
class Reply:
    """Only the caller sees it. `replace`: it takes the place of the ephemeral message whose button was pressed.
    `has_file`: it shows a file that was uploaded for it. `is_undone`: nothing was done, it asks back or says why.

    `then`: what is said once more is known; it may come to nothing. After a button it takes the place of this one;
    Slack has no way to do that after a command, so there it follows.
    """

    message: Message
    replace: bool = False
    has_file: bool = False
    is_undone: bool = False
    then: "Callable[[], Awaitable[Reply | None]] | None" = None


@dataclass(frozen=True)
class Form:
    """A modal to open. `instead` is said when Slack does not open it; None: that it was not opened.

    `in_place`: it takes the place of the modal whose button was pressed.
    """

    view: Mapping[str, Any]
    instead: Reply | None = None
    in_place: bool = False


@dataclass(frozen=True)
class Home:
    """The caller's App Home."""

    view: Mapping[str, Any]


# None: what happened is visible already, in the edited card or the room.
Answer = Reply | Form | Home | None

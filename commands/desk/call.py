"""One request of a person, and the possible answers."""

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
    """What was typed, pressed or submitted, by whom and where. Fields that do not apply are empty.

    `typed`: what follows the verb, in Slack's markup; `names`: of people mentioned in it; `text`: the decoded words.
    `about`: the incident chosen when asked which. `value`: of the button or option; `values`: a form's inputs by name;
    `private`: what the form carried; `view`: the form or Home tab; `message`: the message of a shortcut or button, or
    the event.
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
        """Whether it was pressed in the App Home, where no message can appear."""
        return self.view.get("type") == "home"

    @property
    def number(self) -> int:
        """The number the button or form is about. Raises Refused for one that is not ours."""
        return number(self.value or self.private)

    def with_text(self, typed: str) -> "Call":
        return replace(self, typed=typed)

    def whom(self) -> tuple[str, str]:
        """The person named first (mention, key, name or `me`), and the remaining words. Raises NotFound."""
        first, rest = first_word(self.typed)
        if first.lower() == "me":
            return self.actor.name, as_typed(rest, self.names)
        if is_mention(first):
            return self.house.people.meant(first), as_typed(rest, self.names)
        if found := self.house.people.first_meant(self.text):
            return found
        return self.house.people.meant(first if first.startswith("@") else self.text), ""

    def say(self, template: str, *, buttons: tuple[Button, ...] = (), **facts: Any) -> "Reply":
        """An answer rendered from `templates/slack/<template>.j2`."""
        return Reply(message(self.house.rendering.say(f"slack/{template}", **facts), buttons))


@dataclass(frozen=True)
class Reply:
    """Shown to the caller only. `replace`: replaces the ephemeral message whose button was pressed. `has_file`:
    contains a file uploaded for it. `is_undone`: nothing was done; it asks back or says why.

    `then`: produces a further answer once more is known, or None. After a button it replaces this one; after a command
    Slack does not allow that, so it follows.
    """

    message: Message
    replace: bool = False
    has_file: bool = False
    is_undone: bool = False
    then: "Callable[[], Awaitable[Reply | None]] | None" = None


@dataclass(frozen=True)
class Form:
    """A modal to open. `instead`: said if Slack does not open it; None: a standard sentence.

    `in_place`: replaces the modal whose button was pressed.
    """

    view: Mapping[str, Any]
    instead: Reply | None = None
    in_place: bool = False


@dataclass(frozen=True)
class Home:
    """The caller's App Home."""

    view: Mapping[str, Any]


# None: the effect is visible anyway, in the edited card or the room.
Answer = Reply | Form | Home | None

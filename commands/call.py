"""One request of a person, and the answers a command can give."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain.actor import Actor
from bot.services import Services
from bot.slack.blocks import Button, Message, message


@dataclass(frozen=True)
class Call:
    """What was typed, pressed or submitted, by whom and where. Fields that the kind of request has not are empty.

    `text` is what follows the verb, `value` the button's or the chosen option's value, `values` a form's inputs by
    name, `private` what the form carried along, `message` the message of a shortcut or the pressed button.
    """

    house: Services
    actor: Actor
    user: str
    received_at: datetime
    text: str = ""
    channel: str = ""
    channel_name: str = ""
    trigger_id: str = ""
    response_url: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    private: str = ""
    message: Mapping[str, Any] = field(default_factory=dict)

    def with_text(self, text: str) -> "Call":
        return replace(self, text=text)

    def say(self, template: str, *, buttons: tuple[Button, ...] = (), **facts: Any) -> "Reply":
        """An answer in the words of `templates/slack/<template>.j2`."""
        return Reply(message(self.house.rendering.say(f"slack/{template}", **facts), buttons))


@dataclass(frozen=True)
class Reply:
    """Only the caller sees it. `replace`: it takes the place of the ephemeral message whose button was pressed."""

    message: Message
    replace: bool = False


@dataclass(frozen=True)
class Form:
    """A modal to open."""

    view: Mapping[str, Any]


@dataclass(frozen=True)
class Home:
    """The caller's App Home."""

    view: Mapping[str, Any]


# None: what happened is visible already, in the edited card or the room.
Answer = Reply | Form | Home | None

"""Trigger ids: a person's click allows the app to open one form, once, within three real seconds."""

import secrets
import time
from dataclasses import dataclass

from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limits


@dataclass
class Trigger:
    user: str
    view: str | None
    given_at: float
    used: bool = False


class Triggers:
    """Counts real time, whatever the workspace's clock says, because it's the app's speed that is judged."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}
        self.valid_seconds = float(limits()["timing"]["trigger_id_s"])

    def give(self, user: str, *, view: str | None = None) -> str:
        """A trigger id for what `user` just did; `view`: the modal in which they did it."""
        name = f"{len(self._triggers) + 1000}.{secrets.randbelow(10**9)}.{secrets.token_hex(16)}"
        self._triggers[name] = Trigger(user, view, time.monotonic())
        return name

    def user_of(self, name: str) -> str:
        return self._triggers[name].user

    def check(self, name: str) -> Trigger:
        """The trigger, not yet marked as used; refused if it is unknown, too old, or already used."""
        trigger = self._triggers.get(name)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.given_at > self.valid_seconds:
            raise SlackError("expired_trigger_id")
        return trigger

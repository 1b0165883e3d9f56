"""The response URLs of slash commands and interactions: valid for five uses within thirty minutes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.clock import Clock
from bot.sandbox.identifiers import Identifiers
from bot.sandbox.limits import limits
from bot.sandbox.model import Message


@dataclass
class ResponseUrl:
    """`source`: the message whose button was pressed; slash commands and shortcuts have no message to replace."""

    id: str
    channel: str
    user: str
    given_at: datetime
    source: Message | None = None
    of_command: bool = False
    uses: int = 0
    answers: list[Message] = field(default_factory=list)


class ResponseUrls:
    def __init__(self, clock: Clock, ids: Identifiers) -> None:
        self._clock, self._ids = clock, ids
        self._given: dict[str, ResponseUrl] = {}

    def give(self, channel: str, user: str, *, source: Message | None = None, of_command: bool = False) -> ResponseUrl:
        url = ResponseUrl(self._ids.next("R"), channel, user, self._clock.now(), source, of_command)
        self._given[url.id] = url
        return url

    def use(self, name: str) -> ResponseUrl | Literal["expired_url", "used_url"]:
        """Count one use; returns Slack's error code if there is none left."""
        url = self._given.get(name)
        if url is None or self._clock.now() - url.given_at > timedelta(seconds=limits()["timing"]["response_url_s"]):
            return "expired_url"
        if url.uses >= limits()["timing"]["response_url_uses"]:
            return "used_url"
        url.uses += 1
        return url

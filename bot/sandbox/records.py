"""What the app did, for tests to read: everything it sent, and everything Slack would have complained about."""

from dataclasses import dataclass, field

from bot.sandbox.model import Json


@dataclass(frozen=True)
class Sent:
    """One effect the app caused: a Web API call that changed something, an answer to a response URL
    (`method="response_url"`), or an acknowledgement that shows something (`method="ack"`).

    `blocks` and `metadata` are as the app gave them; `arguments` is all it gave.
    """

    method: str
    channel: str | None = None
    user: str | None = None
    text: str | None = None
    ts: str | None = None
    blocks: list[Json] | None = None
    metadata: Json | None = None
    arguments: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Complaint:
    """Something an app must not do: an unknown method, an invalid request, a missing or senseless acknowledgement."""

    what: str
    where: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.detail})" if self.detail else "")

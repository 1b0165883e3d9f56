"""Records for tests: everything the app sent, and everything that Slack would have objected to."""

from dataclasses import dataclass, field

from bot.sandbox.model import Json


@dataclass(frozen=True)
class Sent:
    """One effect caused by the app: a Web API call that changed something, an answer to a response URL
    (`method="response_url"`), or an acknowledgement that shows something (`method="ack"`).

    `blocks` and `metadata` are as the app sent them; `arguments` is everything it sent.
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
    """Something that an app must not do: an unknown method, an invalid request, a missing or invalid
    acknowledgement."""

    what: str
    where: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.detail})" if self.detail else "")

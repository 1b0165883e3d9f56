"""What a person gets back for something they did."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.model import Message


@dataclass(frozen=True)
class AppAnswer:
    """`error` is what Slack shows when the app did not answer well (`operation_timeout`, `dispatch_failed`).

    `messages` are the app's answers, ephemeral or not: that of the acknowledgement, and those that come later through
    the response URL; the list grows as they arrive. `errors` are those of a form, by block_id. `latency_ms` is real
    time until the acknowledgement. `body` is the raw acknowledgement.
    """

    latency_ms: float = 0.0
    error: str | None = None
    body: Any = None
    messages: list[Message] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All that was answered so far, message under message."""
        return "\n".join(message.text for message in self.messages)

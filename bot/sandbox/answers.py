"""What a person gets back for an action."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.model import Message


@dataclass(frozen=True)
class AppAnswer:
    """`error` is what Slack shows if the app didn't answer properly (`operation_timeout`, `dispatch_failed`).

    `messages`: the app's answers, ephemeral or not, in the acknowledgement and later through the response URL; the list
    grows as they arrive. `errors`: of a form, by block_id. `latency_ms`: real time until the acknowledgement. `body`:
    the raw acknowledgement.
    """

    latency_ms: float = 0.0
    error: str | None = None
    body: Any = None
    messages: list[Message] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of all answers so far, one below another."""
        return "\n".join(message.text for message in self.messages)

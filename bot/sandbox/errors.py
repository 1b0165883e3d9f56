"""How the simulated Slack refuses: an error code for the app, a sentence for a person."""

from typing import Any

from bot.domain.errors import Refused


class SlackError(Exception):
    """A Web API call answered with `{"ok": false, "error": code}`; `fields` are further keys of the answer.

    `is_slacks_own`: not the app's mistake, because it couldn't know better.
    """

    def __init__(self, code: str, *, is_slacks_own: bool = False, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields
        self.is_slacks_own = is_slacks_own

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.code, **self.fields}


def invalid_arguments(*messages: str) -> SlackError:
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]})


class NotOnScreen(Refused):
    """A person tried to use something that isn't there: a button, channel, message or open form."""

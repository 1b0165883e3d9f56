"""How the simulated Slack says no: to the app with an error code, to a person with a sentence."""

from typing import Any

from bot.domain.errors import Refused


class SlackError(Exception):
    """A Web API call answered with `{"ok": false, "error": code}`; `fields` are further keys of the answer.

    `is_slacks_own`: the app could not know better, so it is no mistake of the app's.
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
    """A person tried to use what is not there: no such button, channel, message or open form."""

"""What a channel may be called, and Slack's word for each way of getting it wrong."""

import re

from bot.sandbox.errors import SlackError
from bot.sandbox.state import State

LONGEST = 80
_ALLOWED = re.compile(r"[a-z0-9_-]+")
_ONLY_PUNCTUATION = re.compile(r"[_-]+")


def check_name(state: State, name: str) -> None:
    """Refuse a name that is empty, too long, badly spelled, or taken, also by an archived channel."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > LONGEST:
        raise SlackError("invalid_name_maxlength")
    if not _ALLOWED.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if _ONLY_PUNCTUATION.fullmatch(name):
        raise SlackError("invalid_name_punctuation")
    if state.conversations.named(name):
        raise SlackError("name_taken")

"""The rules for channel names, with Slack's error code for each violation."""

import re

from bot.sandbox.errors import SlackError
from bot.sandbox.state import State

LONGEST = 80
_ALLOWED = re.compile(r"[a-z0-9_-]+")
_ONLY_PUNCTUATION = re.compile(r"[_-]+")


def check_name(state: State, name: str) -> None:
    """Refuse a name that is empty, too long, badly spelled, or taken, even by an archived channel."""
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

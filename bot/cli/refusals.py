"""The error of a command that can't start."""

from bot.domain.errors import Refused


class CannotBegin(Refused):
    """What the command needs is missing or unusable; nothing was tried."""

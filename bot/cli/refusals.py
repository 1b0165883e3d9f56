"""What keeps a command from beginning."""

from bot.domain.errors import Refused


class CannotBegin(Refused):
    """What the command needs is missing or cannot be used: nothing was tried."""

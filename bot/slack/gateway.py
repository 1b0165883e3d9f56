"""Everything the bot does in Slack, in our own terms, behind one facade."""

from bot.slack.calls import AppRefused
from bot.slack.canvases import Canvases
from bot.slack.conversations import Room
from bot.slack.files import Files
from bot.slack.members import Members
from bot.slack.messages import Messages, Posted, TooMuchSaid

__all__ = ["AppRefused", "Gateway", "Posted", "Room", "TooMuchSaid"]


class Gateway(Messages, Members, Files, Canvases):
    """One per process. Each subject is a module; new features go into one of them, or become a new one."""

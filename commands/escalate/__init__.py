"""`/escalate`, a module for each part of it: paging, and who is on call."""

from commands.escalate.book import COMMAND

__all__ = ["COMMAND"]

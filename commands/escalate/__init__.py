"""`/escalate`: paging, who is on call, dry runs."""

from commands.escalate.book import COMMAND

__all__ = ["COMMAND"]

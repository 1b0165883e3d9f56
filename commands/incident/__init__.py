"""`/incident`, one module per part: declare, look, work, team, story, home, tell, nudges and more."""

from commands.incident.book import COMMAND

__all__ = ["COMMAND"]

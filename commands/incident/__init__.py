"""`/incident`, a module for each part of the work: declare, look, work, team, story, home, tell, nudges."""

from commands.incident.book import COMMAND

__all__ = ["COMMAND"]

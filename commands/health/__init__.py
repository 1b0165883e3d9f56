"""`/health`: looks at what is watched, and silences."""

from commands.health.book import COMMAND

__all__ = ["COMMAND"]

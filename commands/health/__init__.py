"""`/health`: checks, silences, recurring tasks."""

from commands.health.book import COMMAND

__all__ = ["COMMAND"]

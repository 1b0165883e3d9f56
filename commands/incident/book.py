"""The book of `/incident`."""

from commands.command import Command

COMMAND = Command("incident", summary="Declare incidents, and work on them together.")

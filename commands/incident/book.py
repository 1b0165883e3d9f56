"""The book of `/incident`."""

from commands.desk.book import Command

COMMAND = Command(
    "incident",
    summary="Declare incidents, and work on them together.",
    order=("declare", "drill", "private", "list", "show", "update", "severity", "status", "lead", "role", "note"),
    elsewhere={word: f"/escalate {word}" for word in ("snooze", "oncall", "cover", "simulate")},
)

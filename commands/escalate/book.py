"""The book of `/escalate`."""

from commands.desk.book import Command

COMMAND = Command(
    "escalate",
    summary="Page the next tier, or somebody by name.",
    also=(
        ("", "page the next tier now"),
        ("<tier|@user> <why>", "page this tier or person; the reason is in the page"),
    ),
    order=("ack", "snooze", "status", "oncall", "cover", "calendar", "handover", "simulate"),
)

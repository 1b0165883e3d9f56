"""The book of `/health`."""

from commands.desk.book import Command

COMMAND = Command(
    "health",
    summary="The health of everything that is watched.",
    also=(
        ("", "every check, worst first, and how old the backups are"),
        ("<check>", "one check, run now"),
    ),
)

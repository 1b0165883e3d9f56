"""The statements of the .sql file beside a module, by name: `-- name: <name>`, with identifiers as `{thing}`."""

from functools import cached_property
from pathlib import Path

from psycopg.sql import SQL, Composed, Identifier

NAME_MARK = "-- name: "


class Statements:
    """Reads the file at first use, not at import."""

    def __init__(self, module_file: str) -> None:
        self.path = Path(module_file).with_suffix(".sql")

    def __call__(self, name: str, /, **things: str) -> Composed:
        """Each of `things` names a database, role or setting. It is quoted as an identifier, so it can't inject SQL."""
        template = SQL(self._named[name])
        return template.format(**{thing: Identifier(meant) for thing, meant in things.items()})

    @cached_property
    def _named(self) -> dict[str, str]:
        named: dict[str, str] = {}
        for part in self.path.read_text("utf-8").split(NAME_MARK)[1:]:
            name, _, statement = part.partition("\n")
            named[name.strip()] = statement.strip()
        return named

"""What is backed up, when, where to, and how that is verified."""

from datetime import time, timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag

from bot.domain.errors import Refused
from bot.runbook.addresses import Dsn, MongodbUrl, PostgresqlUrl
from bot.runbook.comparisons import Wish
from bot.runbook.health import kind_tag
from bot.runbook.parts import Keyed
from bot.runbook.places import BackupPlace
from bot.runbook.values import Duration, Name, Span, TimeOfDay, as_written, read_by, some_time

BackupKind = Literal["postgresql", "mongodb"]

REHEARSALS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1), "monthly": timedelta(days=30)}


def _rehearsal_of(text: str) -> timedelta:
    if text in REHEARSALS:
        return REHEARSALS[text]
    try:
        return some_time(text)
    except Refused as error:
        raise Refused(f"“{text}” is not a rhythm: say daily, weekly, monthly or a duration such as 14d") from error


class _Backup(Keyed):
    """Taken daily at `at`, in the runbook's time zone. `to` None: under the bot's own state directory.

    `drill`: how often a backup is test-restored; `drill_on`: where, None = on its own server. `invariants`: queries,
    and the answers they should then give.
    """

    database_name: Name | None = Field(None, alias="database")
    at: TimeOfDay = time(2)
    keep: Duration = timedelta(days=30)
    to: BackupPlace | None = None
    rpo: Span = timedelta(hours=24)
    rto: Duration | None = None
    drill: Annotated[timedelta, read_by(_rehearsal_of, "daily, weekly, monthly or a duration"), as_written] | None = (
        None
    )
    invariants: dict[str, Wish] = Field(default_factory=dict)
    target: Dsn
    drill_on: Dsn | None = None

    @property
    def database(self) -> str:
        """The name of the database: the file's, otherwise the address's; '' if neither has one (all of a MongoDB)."""
        return self.database_name or self.target.database

    @property
    def where_drilled(self) -> Self:
        """The same backup, but on the server where it is drilled."""
        if self.drill_on is None:
            return self
        return self.model_copy(update={"target": self.drill_on, "database_name": self.database or None})

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        named, address = self.database_name, self.target
        return f"{address.shown}, database {named}" if named and named != address.database else address.shown


class PostgresqlBackup(_Backup):
    kind: ClassVar[BackupKind] = "postgresql"
    target: PostgresqlUrl = Field(alias="postgresql")
    drill_on: PostgresqlUrl | None = None


class MongodbBackup(_Backup):
    kind: ClassVar[BackupKind] = "mongodb"
    target: MongodbUrl = Field(alias="mongodb")
    drill_on: MongodbUrl | None = None


Backup = Annotated[
    Annotated[PostgresqlBackup, Tag("kind:postgresql")] | Annotated[MongodbBackup, Tag("kind:mongodb")],
    Discriminator(
        kind_tag("postgresql", "mongodb"),
        custom_error_type="wrong",
        custom_error_message="what is backed up is missing: add postgresql or mongodb",
    ),
]

"""What is checked, how often, and when it counts as failing."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from bot.runbook.addresses import HttpUrl, MongodbUrl, PostgresqlUrl
from bot.runbook.comparisons import Wish
from bot.runbook.parts import Keyed, Part, with_keys
from bot.runbook.places import Folder, TcpPlace, TlsPlace
from bot.runbook.values import Duration, Level, Name, Percent, Text

CheckKind = Literal["http", "postgresql", "mongodb", "tls", "tcp", "disk"]


class _Check(Keyed):
    """`level`: of the alert it opens; `declare`: the severity of the incident it declares; `procedure`: what to do
    about it.

    `availability`: the share of time it should not be down; None: the value for all checks.
    """

    level: Level = "high"
    declare: Name | None = None
    procedure: Name | None = None
    availability: Percent | None = None


class _NetworkCheck(_Check):
    """`slow`: a later answer counts as degraded. `timeout`: after this it counts as no answer."""

    slow: Duration | None = None
    timeout: Duration = timedelta(seconds=10)


class HttpCheck(_NetworkCheck):
    """`json`: expected values in the answer, by dotted path; `text`: must occur in it."""

    kind: ClassVar[CheckKind] = "http"
    target: HttpUrl = Field(alias="http")
    expect: Annotated[int, Field(ge=100, le=599)] = 200
    json_wishes: dict[str, Wish] = Field(default_factory=dict, alias="json")
    text: Text | None = None


class PostgresqlCheck(_NetworkCheck):
    """`query_below`: no query should run longer. `lag_below`: no replica should lag further behind."""

    kind: ClassVar[CheckKind] = "postgresql"
    target: PostgresqlUrl = Field(alias="postgresql")
    connections_below: Percent | None = None
    query_below: Duration | None = None
    lag_below: Duration | None = None


class MongodbCheck(_NetworkCheck):
    kind: ClassVar[CheckKind] = "mongodb"
    target: MongodbUrl = Field(alias="mongodb")
    connections_below: Percent | None = None


class TlsCheck(_NetworkCheck):
    """Degraded if the certificate expires within `expires_within`."""

    kind: ClassVar[CheckKind] = "tls"
    target: TlsPlace = Field(alias="tls")
    expires_within: Duration = timedelta(days=14)


class TcpCheck(_NetworkCheck):
    kind: ClassVar[CheckKind] = "tcp"
    target: TcpPlace = Field(alias="tcp")


class DiskCheck(_Check):
    """The file system that holds the folder `target`."""

    kind: ClassVar[CheckKind] = "disk"
    target: Folder = Field(alias="disk")
    used_below: Percent = 80.0


def kind_tag(*kinds: str) -> Callable[[object], str | None]:
    """The kind of an entry: the first of these keys it has. The colon distinguishes a tag from a key."""

    def tag(entry: object) -> str | None:
        if isinstance(entry, Mapping):
            return next((f"kind:{kind}" for kind in kinds if kind in entry), None)
        return f"kind:{getattr(entry, 'kind', None)}"

    return tag


Check = Annotated[
    Annotated[HttpCheck, Tag("kind:http")]
    | Annotated[PostgresqlCheck, Tag("kind:postgresql")]
    | Annotated[MongodbCheck, Tag("kind:mongodb")]
    | Annotated[TlsCheck, Tag("kind:tls")]
    | Annotated[TcpCheck, Tag("kind:tcp")]
    | Annotated[DiskCheck, Tag("kind:disk")],
    Discriminator(
        kind_tag("http", "postgresql", "mongodb", "tls", "tcp", "disk"),
        custom_error_type="wrong",
        custom_error_message="what is checked is missing: add one of http, postgresql, mongodb, tls, tcp, disk",
    ),
]


class HealthSettings(Part):
    """`fails_after`: this many bad results in a row, and as many good ones to recover. `availability`: for every
    check."""

    every: Duration = timedelta(minutes=5)
    fails_after: Annotated[int, Field(ge=1, le=100)] = 2
    availability: Percent | None = None
    checks: Annotated[dict[str, Check], with_keys] = Field(default_factory=dict)

    def availability_of(self, check: Check) -> float | None:
        """The objective for this check, in per cent; None if there is none."""
        return check.availability or self.availability

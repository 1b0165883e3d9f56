"""Addresses that may contain a secret: only `reveal` returns it."""

import re
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# A port that isn't a number is a password whose @host was forgotten.
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.%~-]*)(?::\d{1,5})?")


_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Dsn:
    """An address that may include a password. Printing it shows no user, password, query or fragment."""

    schemes: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[str] = ""
    # Does the client insist on percent-encoding? On the web everybody is lenient.
    is_percent_encoded: ClassVar[bool] = True

    def __init__(self, address: str) -> None:
        self._address = address

    def reveal(self) -> str:
        """The whole address: only for connecting, never for a log, a message or an error."""
        return self._address

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        scheme, _, rest = self._address.partition("://")
        authority, slash, path = rest.split("?")[0].split("#")[0].partition("/")
        return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"

    @property
    def database(self) -> str:
        """The database named in the path; '' if there is none."""
        return unquote(self.shown.partition("://")[2].partition("/")[2])

    def redactions(self) -> tuple[str, ...]:
        """What must never be logged: the whole address, and its password as written and decoded."""
        userinfo = self._address.partition("://")[2].split("/")[0].rpartition("@")[0]
        user, _, password = userinfo.partition(":")
        # A password equal to the user name isn't secret, and redacting it would spoil every log line with that name.
        secrets = () if not password or password == user else (password, unquote(password))
        return (self._address, *secrets) if self.shown != self._address else tuple(secrets)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shown!r})"

    def __str__(self) -> str:
        return self.shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dsn) and self._address == other._address

    def __hash__(self) -> int:
        return hash(self._address)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Parsed from text, dumped as it is shown."""
        return core_schema.no_info_plain_validator_function(
            cls._read, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def _read(cls, value: object) -> "Dsn":
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not cls.accepts(value):
            # The value isn't quoted: the mistake may be that it is a password.
            why = f": {objection}" if isinstance(value, str) and (objection := cls.objection(value)) else ""
            said = f"should be an address such as {cls.example}{why}"
            raise PydanticCustomError("wrong", "{said}", {"said": said})
        return cls(value)

    @classmethod
    def accepts(cls, address: str) -> bool:
        if any(sign.isspace() or not sign.isprintable() for sign in address):
            return False
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme in cls.schemes and cls._has_a_place(parts) and not cls.objection(address)

    @classmethod
    def objection(cls, address: str) -> str:
        """What is wrong with an address that looks like one, and what to write instead; '' if no such mistake is
        known."""
        if cls.is_percent_encoded and _BARE_PERCENT.search(address):
            return "a % has to be written %25"
        if cls.is_percent_encoded and "@" in address.partition("://")[2].partition("/")[2]:
            return "after the host, and in a password, write @ as %40; in a password also / as %2F, ? as %3F, # as %23"
        return ""

    @classmethod
    def _has_a_place(cls, parts: SplitResult) -> bool:
        hosts = parts.netloc.rpartition("@")[2]
        # An @ further on means an unencoded / ? or # in the password, part of which would be shown as a path.
        is_cut_short = "@" in parts.path + parts.query + parts.fragment
        return not is_cut_short and all(_HOST.fullmatch(host) for host in hosts.split(",")) and cls._suffices(hosts)

    @classmethod
    def _suffices(cls, hosts: str) -> bool:
        return bool(hosts)


class HttpUrl(Dsn):
    schemes = ("http", "https")
    example = "https://example.com/api/health"
    is_percent_encoded = False

    @classmethod
    def _has_a_place(cls, parts: SplitResult) -> bool:
        # In a URL, an @ in the path is legitimate, so only the host is checked.
        return bool(parts.hostname) and _HOST.fullmatch(parts.netloc.rpartition("@")[2]) is not None


class Webhook(HttpUrl):
    """Shown without its path too, because that is where services put their tokens."""

    example = "https://example.com/hook"

    @property
    def shown(self) -> str:
        scheme, _, rest = super().shown.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/…"


class PostgresqlUrl(Dsn):
    schemes = ("postgresql", "postgres")
    example = "postgresql://user:password@host:5432/database"

    @classmethod
    def _suffices(cls, hosts: str) -> bool:
        # Without a host, it's the Unix socket of this machine.
        return True

    def place(self, database: str | None = None) -> tuple[str, str, str]:
        """Host, port and database, for comparing two addresses without connecting.

        `database`: a name given separately from the address. Differences only a server could resolve, such as two names
        of one host, remain.
        """
        parts = urlsplit(self._address)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        hosts, _, port = parts.netloc.rpartition("@")[2].partition(":")
        host = unquote(query.get("host", hosts)).lower()
        user = unquote(parts.netloc.rpartition("@")[0].partition(":")[0])
        named = database or query.get("dbname") or unquote(parts.path.lstrip("/")) or user
        return ("localhost" if host in _LOOPBACK else host, query.get("port") or port or "5432", named)


class MongodbUrl(Dsn):
    schemes = ("mongodb", "mongodb+srv")
    example = "mongodb://user:password@host:27017/database"

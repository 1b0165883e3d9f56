"""Locations without a secret: `host:port`, a folder, a bucket."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

import idna
from pydantic import PlainSerializer

from bot.domain.errors import Refused
from bot.runbook.values import read_by

TLS_PORT = 443

_HOST_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[\w.-]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class HostPort:
    """`host` as it was written, in any script; `name` is its ASCII (IDNA) form."""

    host: str
    port: int

    @property
    def name(self) -> str:
        return self.host if self.host.isascii() else idna.encode(self.host, uts46=True).decode()

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, port: int | None = None) -> "HostPort":
        """Parse `redis:6379` or `[::1]:6379`; `port` is the default."""
        found = _HOST_PORT.fullmatch(text.strip())
        meant = int(found["port"]) if found and found["port"] else port
        if found is None or meant is None or not 0 < meant < 65536:
            raise Refused(f"“{text}” is not a host with a port: say for example redis:6379")
        place = cls(found["v6"] or found["host"], meant)
        try:
            assert place.name
        except UnicodeError as error:
            raise Refused(f"“{place.host}” is not a name of a host: {error}") from error
        return place


def _tls_place(text: str) -> HostPort:
    return HostPort.parse(text, port=TLS_PORT)


def _folder(text: str) -> str:
    if not text.strip().startswith("/"):
        raise Refused(f"“{text}” is not a whole path: begin it with /, such as /var/backups")
    return str(PurePosixPath(text.strip()))


def _store(text: str) -> str:
    if not text.strip().startswith("s3://"):
        return _folder(text)
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,62}(?:/[^?#@\s]*)?", text.strip()):
        raise Refused("should be a bucket and a prefix such as s3://bucket/prefix; keys belong in AWS_ACCESS_KEY_ID")
    return text.strip().rstrip("/")


_as_text = PlainSerializer(str, return_type=str, when_used="json")
TcpPlace = Annotated[HostPort, read_by(HostPort.parse, "a host with a port such as redis:6379"), _as_text]
TlsPlace = Annotated[HostPort, read_by(_tls_place, "a host such as example.com:443"), _as_text]
Folder = Annotated[str, read_by(_folder, "a path such as /var/backups")]
# A folder, or `s3://bucket/prefix`.
BackupPlace = Annotated[str, read_by(_store, "a path such as /var/backups, or s3://bucket/prefix")]

"""Access to S3. The library is only imported when a bucket is used."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.settings import Settings

LIBRARY = "bot.wire.s3_library"

READ_TIMEOUT_S = 60
ATTEMPTS = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Bucket:
    """A place for files: `s3://name/prefix`."""

    name: str
    prefix: str

    @classmethod
    def of(cls, place: str) -> "Bucket":
        name, _, prefix = place.partition("://")[2].partition("/")
        return cls(name, prefix.strip("/"))

    def key(self, file: str) -> str:
        return f"{self.prefix}/{file}" if self.prefix else file

    def __str__(self) -> str:
        return f"s3://{self.name}"


class Access:
    """One client for the whole process, created when first needed: it takes time and memory."""

    def __init__(self, settings: Settings, *, answers_within_s: int = READ_TIMEOUT_S, attempts: int = ATTEMPTS) -> None:
        """`attempts`: how often the library tries before it reports no answer."""
        self._settings = settings
        self._limits = {"answers_within_s": answers_within_s, "attempts": attempts}
        self._client: Any = None
        self._making = asyncio.Lock()

    async def client(self) -> Any:
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> Any:
        return importlib.import_module(LIBRARY).make_client(self._settings, **self._limits)


async def off_loop(bucket: Bucket, work: Callable[[], T]) -> T:
    """Run blocking S3 work in a thread. When cancelled, waits for the work to end first."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    with importlib.import_module(LIBRARY).translated(str(bucket)):
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            raise

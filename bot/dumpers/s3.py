"""Keeps dumps in S3 or a compatible store. A dump gets its final name only when complete, after its manifest.

It is uploaded in parts under a temporary name, read back, and then copied by the store itself. A killed process may
leave invisible parts that still cost money; whoever declares its run dead removes them.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

from bot.domain.backups.backup import Gone
from bot.domain.errors import Failed, Unreachable
from bot.dumpers import BackupPlace, Content, DumpDraft, KeptDump, Noted
from bot.dumpers._manifest_read import LARGEST_BYTES, manifest_in
from bot.settings import Settings
from bot.wire.s3 import Access, Bucket, off_loop

PLACE = "s3"

PIECE_BYTES = 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
# A store accepts at most 10,000 parts. They grow after each thousand; the last ones have 160 MiB.
PARTS_OF_A_SIZE = 1000
# An upload of hours isn't abandoned because the store throttles us for some minutes.
PATIENCE_S = (2, 5, 10, 20, 40, 60, 60)


def using(settings: Settings) -> BackupPlace:
    """The place, with access as configured in the environment."""
    return S3(Access(settings))


class S3:
    """Works sequentially, so that it needs the memory of one part, however large the dump."""

    PLACE = PLACE

    def __init__(self, access: Access, *, patience_s: Sequence[float] = PATIENCE_S) -> None:
        """`patience_s`: the pauses before each retry of a part that the store didn't accept for now."""
        self._access = access
        self._patience_s = patience_s

    async def claim(self, place: str, earlier: Sequence[str]) -> None:
        """Nothing to do: a missing bucket is reported by name, and never created."""

    async def write(self, place: str, file: str, content: Content, noted: Noted) -> DumpDraft:
        bucket, client = Bucket.of(place), await self._access.client()
        key = bucket.key(_partial(file))
        upload = await off_loop(bucket, lambda: client.create_multipart_upload(Bucket=bucket.name, Key=key))
        writing = _Writing(client, bucket, key, upload["UploadId"], self._patience_s)
        try:
            async with aclosing(content) as pieces:
                async for piece in pieces:
                    noted(await writing.add(piece))
            await writing.finish()
        except BaseException:
            await asyncio.shield(writing.abandon())
            raise
        return DumpDraft(place, file, writing.size, writing.sha256)

    def read_draft(self, draft: DumpDraft) -> Content:
        return self.read(draft.place, _partial(draft.file))

    async def settle(self, draft: DumpDraft, manifest: Mapping[str, Any]) -> None:
        bucket, client = Bucket.of(draft.place), await self._access.client()
        source = {"Bucket": bucket.name, "Key": bucket.key(_partial(draft.file))}
        key = bucket.key(draft.file)
        await _insisting(bucket, self._patience_s, lambda: _describe(client, bucket, key, manifest))
        # A server-side copy, in parts if it's large.
        await _insisting(bucket, self._patience_s, lambda: client.copy(source, bucket.name, key))
        # From here on the dump exists, even if the temporary object can't be removed.
        with suppress(Failed):
            await off_loop(bucket, lambda: client.delete_object(**source))

    async def describe(self, place: str, file: str, manifest: Mapping[str, Any]) -> None:
        bucket, client = Bucket.of(place), await self._access.client()
        await off_loop(bucket, lambda: _describe(client, bucket, bucket.key(file), manifest))

    async def discard(self, place: str, file: str) -> None:
        bucket, client = Bucket.of(place), await self._access.client()
        await off_loop(bucket, lambda: _discard(client, bucket, bucket.key(_partial(file)), bucket.key(file)))

    async def manifest(self, place: str, file: str) -> Mapping[str, Any] | None:
        bucket, client = Bucket.of(place), await self._access.client()
        try:
            return await off_loop(bucket, lambda: _read_manifest(client, bucket, bucket.key(file)))
        except Gone:
            return None

    async def read(self, place: str, file: str) -> Content:
        bucket, client = Bucket.of(place), await self._access.client()
        key = bucket.key(file)
        body = (await off_loop(bucket, lambda: client.get_object(Bucket=bucket.name, Key=key)))["Body"]
        try:
            while piece := await off_loop(bucket, lambda: body.read(PIECE_BYTES)):
                yield piece
        finally:
            body.close()

    async def remove(self, place: str, file: str) -> bool:
        bucket, client = Bucket.of(place), await self._access.client()
        return await off_loop(bucket, lambda: _remove(client, bucket, bucket.key(file)))

    async def kept(self, place: str, suffixes: Sequence[str]) -> Sequence[KeptDump]:
        bucket, client = Bucket.of(place), await self._access.client()
        return await off_loop(bucket, lambda: _kept(client, bucket, tuple(suffixes)))


class _Writing:
    """An object that is uploaded in parts, and its checksum."""

    def __init__(self, client: Any, bucket: Bucket, key: str, upload: str, patience_s: Sequence[float]) -> None:
        self._client = client
        self._bucket = bucket
        self._patience_s = patience_s
        self._which = {"Bucket": bucket.name, "Key": key, "UploadId": upload}
        self._part = bytearray()
        self._parts: list[dict[str, object]] = []
        self._sum = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()

    async def add(self, piece: bytes) -> int:
        await asyncio.to_thread(self._sum.update, piece)
        self.size += len(piece)
        self._part += piece
        if len(self._part) >= PART_BYTES * (1 + len(self._parts) // PARTS_OF_A_SIZE):
            await self._send()
        return self.size

    async def finish(self) -> None:
        """Complete the upload. The object exists only from now on."""
        if self._part or not self._parts:
            await self._send()
        whole = {"Parts": self._parts}
        await self._sure(lambda: self._client.complete_multipart_upload(**self._which, MultipartUpload=whole))

    async def abandon(self) -> None:
        """Abort the upload. If that fails, nobody else removes its parts, but they don't show up as an object."""
        with suppress(Failed):
            await off_loop(self._bucket, lambda: self._client.abort_multipart_upload(**self._which))

    async def _send(self) -> None:
        number, body = len(self._parts) + 1, bytes(self._part)
        self._part.clear()
        sent = await self._sure(lambda: self._client.upload_part(**self._which, PartNumber=number, Body=body))
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    async def _sure(self, work: Callable[[], Any]) -> Any:
        """Retry only once some part is stored: if nothing was written yet, a failure is reported at once."""
        return await _insisting(self._bucket, self._patience_s if self._parts else (), work)


async def _insisting(bucket: Bucket, patience_s: Sequence[float], work: Callable[[], Any]) -> Any:
    for pause_s in patience_s:
        try:
            return await off_loop(bucket, work)
        except Unreachable:
            await asyncio.sleep(pause_s)
    return await off_loop(bucket, work)


def _describe(client: Any, bucket: Bucket, key: str, manifest: Mapping[str, Any]) -> None:
    body = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
    client.put_object(Bucket=bucket.name, Key=_manifest(key), Body=body)


def _discard(client: Any, bucket: Bucket, key: str, final: str) -> None:
    """Remove the temporary object, a manifest without a dump, and incomplete uploads.

    Uploads under the final name are server-side copies of large dumps, interrupted when the process died.
    """
    for name in (key, final):
        for upload in client.list_multipart_uploads(Bucket=bucket.name, Prefix=name).get("Uploads", []):
            if upload["Key"] == name:
                client.abort_multipart_upload(Bucket=bucket.name, Key=name, UploadId=upload["UploadId"])
    client.delete_object(Bucket=bucket.name, Key=key)
    if not _exists(client, bucket, final):
        client.delete_object(Bucket=bucket.name, Key=_manifest(final))


def _read_manifest(client: Any, bucket: Bucket, key: str) -> Mapping[str, Any] | None:
    if not _exists(client, bucket, key):
        return None
    body = client.get_object(Bucket=bucket.name, Key=_manifest(key))["Body"]
    try:
        return manifest_in(body.read(LARGEST_BYTES + 1))
    finally:
        body.close()


def _remove(client: Any, bucket: Bucket, key: str) -> bool:
    was_there = _exists(client, bucket, key)
    client.delete_object(Bucket=bucket.name, Key=key)
    client.delete_object(Bucket=bucket.name, Key=_manifest(key))
    return was_there


def _kept(client: Any, bucket: Bucket, suffixes: tuple[str, ...]) -> list[KeptDump]:
    """Our dumps: names without a leading dot, directly under the prefix."""
    prefix = bucket.key("")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=prefix, Delimiter="/")
    found = {one["Key"].removeprefix(prefix): one["Size"] for page in pages for one in page.get("Contents", [])}
    dumps = [file for file in found if file.endswith(suffixes) and not file.startswith(".")]
    return [KeptDump(file, found[file], _manifest(file) in found) for file in dumps]


def _exists(client: Any, bucket: Bucket, key: str) -> bool:
    found = client.list_objects_v2(Bucket=bucket.name, Prefix=key, MaxKeys=1).get("Contents", [])
    return bool(found) and found[0]["Key"] == key


def _partial(file: str) -> str:
    return f".{file}.part"


def _manifest(key: str) -> str:
    return f"{key}.json"

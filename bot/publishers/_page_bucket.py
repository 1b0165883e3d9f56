"""Writes a status page to a bucket. Each file is replaced only if it is unchanged since we read it and not newer."""

from collections.abc import Mapping
from typing import Any

from bot.domain.backups.backup import Gone
from bot.domain.errors import Rejected
from bot.domain.updates.status_page import Edition
from bot.publishers._page_versions import is_newer
from bot.wire.http_client import must_not_be_over
from bot.wire.s3 import Access, Bucket, off_loop

# The metadata key under which each file carries its edition's version.
VERSION = "tocsin-version"
CACHE = "public, max-age=60"
# Error codes of stores that don't support conditional writes.
UNKNOWN = ("NotImplemented", "InvalidArgument", "InvalidRequest")


async def write_to_bucket(access: Access, to: str, edition: Edition) -> None:
    """Write the files, skipping each that is already there in a newer version. Raises Rejected or Unreachable."""
    bucket, client = Bucket.of(to), await access.client()
    for name, (kind, content) in edition.files.by_name.items():
        about = {"ContentType": kind, "CacheControl": CACHE, "Metadata": {VERSION: str(edition.version)}}
        where = {"Bucket": bucket.name, "Key": bucket.key(name)}
        found = await _found(client, bucket, where)
        if is_newer(found.get("Metadata", {}).get(VERSION, ""), edition.version):
            continue
        unchanged = {"IfMatch": found["ETag"]} if "ETag" in found else {"IfNoneMatch": "*"}
        try:
            await _put(client, bucket, {**where, **about, **unchanged, "Body": content})
        except Rejected as error:
            if error.code not in UNKNOWN:
                raise
            await _put(client, bucket, {**where, **about, "Body": content})


async def _found(client: Any, bucket: Bucket, where: Mapping[str, str]) -> Mapping[str, Any]:
    """The metadata of the existing object; empty if there is none."""
    try:
        found: Mapping[str, Any] = await off_loop(bucket, lambda: client.head_object(**where))
    except Gone:
        return {}
    return found


async def _put(client: Any, bucket: Bucket, values: Mapping[str, Any]) -> None:
    def put() -> None:
        must_not_be_over()
        client.put_object(**values)

    await off_loop(bucket, put)

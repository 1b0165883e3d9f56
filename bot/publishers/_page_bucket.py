"""A status page in a bucket: each file is replaced only as it was found, and never by an older one."""

from collections.abc import Mapping
from typing import Any

from bot.domain.backups.backup import Gone
from bot.domain.errors import Rejected
from bot.domain.updates.status_page import Edition
from bot.publishers._page_versions import is_newer
from bot.wire.http_client import must_not_be_over
from bot.wire.s3 import Access, Bucket, off_loop

# With its own metadata a file says which edition it is of.
VERSION = "tocsin-version"
CACHE = "public, max-age=60"
# Of stores that do not know conditions.
UNKNOWN = ("NotImplemented", "InvalidArgument", "InvalidRequest")


async def write_to_bucket(access: Access, to: str, edition: Edition) -> None:
    """Passes over each file of which a newer one is there. Raises Rejected or Unreachable."""
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
    """What is there; empty when nothing is."""
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

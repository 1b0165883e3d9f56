"""A store that speaks S3's language over real HTTP, for tests: empty buckets, and eyes to see what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI-example-secret"


@dataclass(frozen=True)
class Store:
    """`environ` is what the bot is told of it."""

    url: str
    client: Any

    @property
    def environ(self) -> dict[str, str]:
        return {"S3_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return f"s3://{name}"

    def names(self, bucket: str) -> list[str]:
        """Every object there is."""
        found = self.client.list_objects_v2(Bucket=bucket.removeprefix("s3://")).get("Contents", [])
        return sorted(one["Key"] for one in found)

    def unfinished(self, bucket: str) -> list[str]:
        """The keys of uploads that are neither completed nor given up."""
        found = self.client.list_multipart_uploads(Bucket=bucket.removeprefix("s3://")).get("Uploads", [])
        return [one["Key"] for one in found]

    def content(self, bucket: str, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=bucket.removeprefix("s3://"), Key=key)["Body"].read())


@contextmanager
def s3_store() -> Iterator[Store]:
    with pytest.MonkeyPatch.context() as patch:
        # Its own check of checksums is of no use here, and whoever runs the tests may have an account at AWS.
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        moto = pytest.importorskip("moto.server")
        server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        try:
            yield Store(url, boto3.client("s3", endpoint_url=url, **keys))
        finally:
            server.stop()

"""S3-compatible stores over real HTTP, for tests: empty buckets, and ways to look into them.

One is moto, in this process. The other is versitygw, a server used in production, which `.ci/s3-server` builds once per
machine; without it, tests that need it are skipped, or fail if CI is set.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest

BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin-tools" / "s3" / "versitygw"
HOW = "run .ci/s3-server, which needs Go 1.25 or newer"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI-example-secret"


@dataclass(frozen=True)
class Store:
    """`environ`: the bot's environment variables for it."""

    url: str
    client: Any

    @property
    def environ(self) -> dict[str, str]:
        return {"S3_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return f"s3://{name}"

    def names(self, bucket: str) -> list[str]:
        """The key of every object."""
        found = self.client.list_objects_v2(Bucket=bucket.removeprefix("s3://")).get("Contents", [])
        return sorted(one["Key"] for one in found)

    def unfinished(self, bucket: str) -> list[str]:
        """The keys of multipart uploads that are neither completed nor aborted."""
        found = self.client.list_multipart_uploads(Bucket=bucket.removeprefix("s3://")).get("Uploads", [])
        return [one["Key"] for one in found]

    def content(self, bucket: str, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=bucket.removeprefix("s3://"), Key=key)["Body"].read())


@contextmanager
def moto_store() -> Iterator[Store]:
    """All moto stores of a process share their buckets."""
    with _nobody_asked_for_roles():
        moto = pytest.importorskip("moto.server")
        server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield _store(f"http://{host}:{port}")
        finally:
            server.stop()


@contextmanager
def versitygw_store() -> Iterator[Store]:
    if not BUILT.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"versitygw is not here: {HOW}")
    environ = {"PATH": os.defpath, "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
    with _nobody_asked_for_roles(), TemporaryDirectory(prefix="tocsin-s3-") as home:
        server = subprocess.Popen(
            [BUILT, home],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdin and server.stdout
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("http://"), "it does not say where it listens"
            yield _store(url)
        finally:
            server.stdin.close()
            server.wait()
            server.stdout.close()


NewStore = Callable[[], AbstractContextManager[Store]]
STORES: dict[str, NewStore] = {"moto": moto_store, "versitygw": versitygw_store}


@contextmanager
def _nobody_asked_for_roles() -> Iterator[None]:
    """Keep boto3 from asking AWS for credentials: whoever runs the tests may have an account there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def _store(url: str) -> Store:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    return Store(url, boto3.client("s3", endpoint_url=url, **keys))

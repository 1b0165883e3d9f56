"""A bucket of dumps: only complete ones get a name, and incomplete ones leave nothing behind."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from uuid import uuid4

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.domain.backups.backup import Gone
from bot.domain.errors import Failed, Rejected, Unreachable
from bot.dumpers import BackupPlace, DumpDraft, places, s3, sum_of
from bot.settings import Settings
from bot.wire.s3 import Access
from tests.stored_in_s3 import KEY, SECRET, STORES, Store, versitygw_store

PIECE = bytes(range(256)) * 4096
# Three parts, the last one short.
PIECES = [PIECE] * 35 + [b"", b"the end"]
WHOLE = b"".join(PIECES)


@pytest.fixture(scope="module", params=list(STORES))
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with STORES[request.param]() as store:
        yield store


@pytest.fixture
def bucket(store: Store) -> str:
    return store.bucket(f"kept-{uuid4().hex[:8]}")


@pytest.fixture
def place(store: Store) -> BackupPlace:
    return reached(store.environ)


def reached(environ: dict[str, str]) -> BackupPlace:
    return places(Settings.from_environment(environ))["s3"]


async def pieces(*given: bytes, then: BaseException | None = None) -> AsyncGenerator[bytes, None]:
    for piece in given:
        yield piece
    if then:
        raise then


async def written(place: BackupPlace, where: str, file: str = "orders.dump") -> DumpDraft:
    return await place.write(where, file, pieces(*PIECES), lambda size: None)


async def test_a_draft_is_complete_with_a_checksum_and_has_no_name_yet(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    noted: list[int] = []
    draft = await place.write(bucket, "orders.dump", pieces(*PIECES), noted.append)

    assert (draft.size, draft.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).hexdigest())
    assert noted[-1] == len(WHOLE)
    assert store.names(bucket) == [".orders.dump.part"]
    assert await sum_of(place.read_draft(draft)) == (draft.size, draft.sha256)


async def test_a_settled_dump_has_its_name_and_its_manifest_beside_it(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    draft = await written(place, f"{bucket}/deep/er")
    await place.settle(draft, {"database": "orders", "note": "größer"})

    assert store.names(bucket) == ["deep/er/orders.dump", "deep/er/orders.dump.json"]
    assert store.content(bucket, "deep/er/orders.dump") == WHOLE
    assert await place.manifest(f"{bucket}/deep/er", "orders.dump") == {"database": "orders", "note": "größer"}
    assert await sum_of(place.read(f"{bucket}/deep/er", "orders.dump")) == (draft.size, draft.sha256)


async def test_an_empty_dump_can_be_stored_too(place: BackupPlace, store: Store, bucket: str) -> None:
    await place.settle(await place.write(bucket, "empty", pieces(), lambda size: None), {})
    assert store.content(bucket, "empty") == b""


async def test_a_dump_that_breaks_off_leaves_nothing(place: BackupPlace, store: Store, bucket: str) -> None:
    broken = pieces(*PIECES, then=Unreachable("the server has gone"))
    with pytest.raises(Unreachable, match="the server has gone"):
        await place.write(bucket, "orders.dump", broken, lambda size: None)

    assert (store.names(bucket), store.unfinished(bucket)) == ([], [])


async def test_a_dump_that_is_cancelled_leaves_nothing(place: BackupPlace, store: Store, bucket: str) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        for piece in PIECES:
            yield piece
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(place.write(bucket, "orders.dump", endless(), lambda size: None))
    await begun.wait()
    assert store.unfinished(bucket) == [".orders.dump.part"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (store.names(bucket), store.unfinished(bucket)) == ([], [])


async def test_leftovers_of_a_killed_process_can_be_discarded(place: BackupPlace, store: Store, bucket: str) -> None:
    name = bucket.removeprefix("s3://")
    store.client.create_multipart_upload(Bucket=name, Key="x/.orders.dump.part")
    store.client.create_multipart_upload(Bucket=name, Key="x/.orders.dump.part.other")
    store.client.create_multipart_upload(Bucket=name, Key="x/orders.dump")
    store.client.put_object(Bucket=name, Key="x/.orders.dump.part", Body=b"half")

    for _ in range(2):
        await place.discard(f"{bucket}/x", "orders.dump")
        assert (store.names(bucket), store.unfinished(bucket)) == ([], ["x/.orders.dump.part.other"])


async def test_leftovers_of_a_process_killed_during_a_server_side_copy_are_discarded(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    draft, name = await written(place, f"{bucket}/x"), bucket.removeprefix("s3://")
    final = {"Bucket": name, "Key": "x/orders.dump"}
    upload = store.client.create_multipart_upload(**final)["UploadId"]
    source = {"Bucket": name, "Key": f"x/.{draft.file}.part"}
    store.client.upload_part_copy(**final, UploadId=upload, PartNumber=1, CopySource=source)

    assert await place.kept(f"{bucket}/x", [".dump"]) == []
    await place.discard(f"{bucket}/x", "orders.dump")
    assert (store.names(bucket), store.unfinished(bucket)) == ([], [])


async def test_dumps_are_listed_without_unfinished_ones_or_subfolders(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    name, dumps = bucket.removeprefix("s3://"), [f"orders-{number}.dump" for number in range(3)]
    for dump in dumps:
        await place.settle(await place.write(f"{bucket}/x", dump, pieces(b"a"), lambda size: None), {"of": dump})
    for key in ("x/.orders-9.dump.part", "x/below/orders-9.dump", "orders-9.dump", "x/notes.txt"):
        store.client.put_object(Bucket=name, Key=key, Body=b"-")

    kept = await place.kept(f"{bucket}/x", [".dump"])
    assert [(one.file, one.size, one.is_described) for one in kept] == [(dump, 1, True) for dump in dumps]


async def test_removing_a_dump_removes_its_manifest_and_says_whether_it_existed(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    await place.settle(await place.write(bucket, "a.dump", pieces(b"a"), lambda size: None), {})
    await place.settle(await place.write(bucket, "a.dump2", pieces(b"b"), lambda size: None), {})

    assert await place.remove(bucket, "a.dump")
    assert store.names(bucket) == ["a.dump2", "a.dump2.json"]
    assert not await place.remove(bucket, "a.dump")


async def test_a_missing_object_is_reported_as_gone(place: BackupPlace, bucket: str) -> None:
    with pytest.raises(Gone, match="its file has gone"):
        await sum_of(place.read(bucket, "orders.dump"))


async def test_a_manifest_without_its_dump_does_not_count_and_is_discarded(
    place: BackupPlace, store: Store, bucket: str
) -> None:
    store.client.put_object(Bucket=bucket.removeprefix("s3://"), Key="a.dump.json", Body=b"{}")
    assert await place.manifest(bucket, "a.dump") is None
    await place.discard(bucket, "a.dump")
    assert store.names(bucket) == []

    store.client.put_object(Bucket=bucket.removeprefix("s3://"), Key="a.dump", Body=b"x")
    assert await place.manifest(bucket, "a.dump") is None


async def test_a_missing_bucket_is_named(place: BackupPlace) -> None:
    with pytest.raises(Rejected, match="s3://nowhere-at-all: there is no such bucket"):
        await written(place, "s3://nowhere-at-all/x")


async def test_an_unreachable_store_is_reported(unused_tcp_port: int) -> None:
    place = reached({"S3_ENDPOINT_URL": f"http://127.0.0.1:{unused_tcp_port}", "AWS_ACCESS_KEY_ID": KEY} | SECRETS)
    with pytest.raises(Unreachable, match="s3://kept: Could not connect"):
        await written(place, "s3://kept")


SECRETS = {"AWS_SECRET_ACCESS_KEY": SECRET}


async def test_without_an_access_key_the_error_names_the_variables_to_set(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("nobody")))
    with pytest.raises(Rejected, match="there is no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        await written(reached({"S3_ENDPOINT_URL": store.url}), "s3://kept")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIDNOBODY"}, "(InvalidAccessKeyId|XAdminUserNotFound)"),
        ({"AWS_SECRET_ACCESS_KEY": "not-the-secret"}, "SignatureDoesNotMatch"),
    ],
)
async def test_a_wrong_key_is_a_permanent_error_in_the_stores_own_words(wrong: dict[str, str], said: str) -> None:
    with versitygw_store() as store:
        bucket = store.bucket("kept")
        place = reached(store.environ | wrong)
        for asking in (written(place, bucket), place.kept(bucket, [".dump"]), place.remove(bucket, "orders.dump")):
            with pytest.raises(Rejected, match=f"s3://kept refused: {said}") as raised:
                await asking
            assert SECRET not in str(raised.value) and "not-the-secret" not in str(raised.value)


@pytest.fixture
async def refusing() -> AsyncIterator[TestServer]:
    """Lets an upload begin, then answers as its URL's query says."""
    begun = "<InitiateMultipartUploadResult><UploadId>u-1</UploadId></InitiateMultipartUploadResult>"

    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST" and "uploads" in request.query:
            return web.Response(text=begun, content_type="application/xml")
        if "lost" in request.path:
            assert request.transport
            request.transport.close()
        code, status = ("SlowDown", 503) if "slow" in request.path else ("AccessDenied", 403)
        said = f"<Error><Code>{code}</Code><Message>not for you</Message></Error>"
        return web.Response(status=status, text=said, content_type="application/xml")

    application = web.Application(client_max_size=64 * 1024**2)
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application)
    async with server:
        yield server


@pytest.mark.parametrize(
    ("bucket", "kind", "said"),
    [
        ("s3://denied", Rejected, "s3://denied refused: AccessDenied, not for you"),
        ("s3://slow-one", Unreachable, "s3://slow-one refused: SlowDown, not for you"),
        ("s3://lost-one", Unreachable, "s3://lost-one: Connection was closed"),
    ],
)
async def test_a_refusal_half_way_is_reported_without_a_secret(
    refusing: TestServer, bucket: str, kind: type[Failed], said: str
) -> None:
    place = reached({"S3_ENDPOINT_URL": str(refusing.make_url("")), "AWS_ACCESS_KEY_ID": KEY} | SECRETS)
    with pytest.raises(kind, match=said) as raised:
        await written(place, bucket)
    assert SECRET not in str(raised.value) and KEY not in str(raised.value)


PAGE = "<!DOCTYPE html><html><head><meta charset=utf-8><title>Blocked</title></head><body>Ask your firewall<br></html>"
TIDY_PAGE = "<html><head><title>Blocked</title></head><body><p>Ask your firewall</p></body></html>"


@pytest.mark.parametrize("page", [PAGE, TIDY_PAGE, ""])
@pytest.mark.parametrize("status", [403, 404, 407])
async def test_a_proxys_error_page_is_not_taken_for_the_stores_answer(status: int, page: str) -> None:
    async with standing_before(status, page) as proxied:
        for asking in (written(proxied, "s3://kept"), proxied.manifest("s3://kept", "orders.dump")):
            with pytest.raises(Unreachable, match=f"s3://kept: (HTTP {status} without a word of S3's own|a web page)"):
                await asking


@pytest.mark.parametrize("page", [PAGE, TIDY_PAGE])
async def test_a_proxys_page_instead_of_the_stores_success_is_no_success(page: str) -> None:
    async with standing_before(200, page) as proxied:
        for asking in (
            written(proxied, "s3://kept"),
            proxied.kept("s3://kept", [".dump"]),
            proxied.remove("s3://kept", "orders.dump"),
            proxied.describe("s3://kept", "orders.dump", {}),
        ):
            with pytest.raises(Unreachable, match="s3://kept: a web page"):
                await asking


@asynccontextmanager
async def standing_before(status: int, page: str) -> AsyncIterator[BackupPlace]:
    """A store that is never reached, because a proxy answers everything itself."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=page, content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        yield reached({"S3_ENDPOINT_URL": str(server.make_url("")), "AWS_ACCESS_KEY_ID": KEY} | SECRETS)


def test_the_secret_is_not_in_its_holders_repr(store: Store) -> None:
    settings = Settings.from_environment(store.environ)
    assert SECRET not in repr(s3.S3(Access(settings))) + repr(settings)


async def test_a_throttled_request_is_retried_once_something_has_been_written(store: Store) -> None:
    bucket, asked = store.bucket(f"kept-{uuid4().hex[:8]}"), set[str]()
    async with throttling(store.url, asked) as url:
        access = Access(Settings.from_environment(store.environ | {"S3_ENDPOINT_URL": url}), attempts=1)
        place = s3.S3(access, patience_s=(0,) * 9)
        draft = await written(place, bucket)
        await place.settle(draft, {"database": "orders"})
    assert store.names(bucket) == ["orders.dump", "orders.dump.json"]
    assert store.content(bucket, "orders.dump") == WHOLE
    assert len(asked) > 4, "each was refused once"


async def test_a_store_that_throttles_from_the_start_is_reported_at_once(store: Store) -> None:
    bucket = store.bucket(f"kept-{uuid4().hex[:8]}")
    async with throttling(store.url, set()) as url:
        access = Access(Settings.from_environment(store.environ | {"S3_ENDPOINT_URL": url}), attempts=1)
        with pytest.raises(Unreachable, match="SlowDown"):
            await s3.S3(access, patience_s=(0,)).write(bucket, "small", pieces(b"few"), lambda size: None)


@asynccontextmanager
async def throttling(url: str, asked: set[str]) -> AsyncIterator[str]:
    """Accepts a part, completion, copy or object only when retried, except the first of several parts."""

    async def passed_on(request: web.Request) -> web.Response:
        body, part = await request.read(), request.query.get("partNumber")
        what = f"{request.method} {request.path} {part}"
        is_first = part == "1" and len(body) > len(PIECE)
        is_writing = request.method == "PUT" or (request.method == "POST" and "uploadId" in request.query)
        if is_writing and not is_first and what not in asked:
            asked.add(what)
            said = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            return web.Response(status=503, content_type="application/xml", text=said)
        async with ClientSession(auto_decompress=False) as session:
            headers = {name: value for name, value in request.headers.items() if name != "Transfer-Encoding"}
            async with session.request(
                request.method,
                url + request.path_qs,
                headers=headers,
                data=BytesIO(body),
                skip_auto_headers=["Content-Type"],
            ) as answer:
                kept = {n: v for n, v in answer.headers.items() if n != "Transfer-Encoding"}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", passed_on)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")

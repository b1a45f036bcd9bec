"""The S3 store on a real server, and through a proxy that loses answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from demo.ports import free_ports
from demo.seaweed import S3Endpoint
from include.errors import (
    BucketMissing,
    ContentConflict,
    LostRace,
    ObjectMissing,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from include.stores.s3 import CONTENT_SHA256, S3Store
from tests.conftest import Bucket
from tests.include.stores.proxy import DROP_ANSWER, DROP_REQUEST, FaultProxy, fault_proxy

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.integration


def store_at(endpoint: S3Endpoint, bucket: str, attempts: int = 4) -> S3Store:
    """The store as ``include.stores.client`` makes it; ``attempts``: tries after the first."""
    return S3Store(_client(endpoint, attempts), bucket)


@cache
def _client(endpoint: S3Endpoint, attempts: int) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
        config=Config(
            retries={"mode": "standard", "max_attempts": attempts},
            connect_timeout=2,
            max_pool_connections=16,
            s3={"addressing_style": "path"},
        ),
    )


@pytest.fixture
def store(bucket: Bucket) -> S3Store:
    return store_at(bucket.endpoint, bucket.name)


@pytest.fixture
def proxy(bucket: Bucket) -> Iterator[FaultProxy]:
    with fault_proxy(bucket.endpoint) as held:
        yield held


def test_an_object_is_created_once(store: S3Store, bucket: Bucket):
    first = store.put_if_absent("a/b", b"body", content_sha256="same", metadata={"rows": "3"})
    second = store.put_if_absent("a/b", b"other bytes, same content", content_sha256="same")
    assert (first.created, second.created) == (True, False)
    assert (second.etag, second.metadata) == (first.etag, {"rows": "3", CONTENT_SHA256: "same"})
    assert bucket.get("a/b") == b"body"
    assert bucket.keys() == ["a/b"]


def test_identity_is_the_hash_of_the_bytes_where_none_is_given(store: S3Store):
    store.put_if_absent("a", b"body")
    assert not store.put_if_absent("a", b"body").created
    with pytest.raises(ContentConflict):
        store.put_if_absent("a", b"other")


def test_another_content_is_kept_beside_and_overwrites_nothing(store: S3Store, bucket: Bucket):
    store.put_if_absent("a/b", b"first", content_sha256="one")
    for _ in range(2):
        with pytest.raises(ContentConflict, match="a/b already holds another content") as conflict:
            store.put_if_absent("a/b", b"second", content_sha256="two", metadata={"rows": "1"})
    assert bucket.get("a/b") == b"first"
    assert bucket.keys() == sorted(["a/b", conflict.value.conflict_key])
    kept = store.get(conflict.value.conflict_key)
    assert conflict.value.conflict_key.startswith("_conflict/a/b.")
    assert (kept.body, kept.metadata) == (b"second", {"rows": "1", CONTENT_SHA256: "two"})


def test_of_many_that_create_an_object_one_wins_and_all_succeed(store: S3Store):
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: store.put_if_absent("race", b"body"), range(16)))
    assert sum(outcome.created for outcome in outcomes) == 1
    assert len({outcome.etag for outcome in outcomes}) == 1


def test_compare_and_swap(store: S3Store):
    first = store.replace("a", b"1", if_match=None)
    with pytest.raises(LostRace):
        store.replace("a", b"2", if_match=None)
    second = store.replace("a", b"2", if_match=first)
    with pytest.raises(LostRace):
        store.replace("a", b"3", if_match=first)
    assert (store.get("a").body, store.get("a").etag) == (b"2", second)


def test_sixteen_writers_lose_no_update(store: S3Store):
    def increment(body: bytes | None) -> bytes:
        return str(int(body or b"0") + 1).encode()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: store.update("counter", increment), range(32)))
    assert store.get("counter").body == b"32"


def test_an_update_that_changes_nothing_writes_nothing(store: S3Store, proxy: FaultProxy, bucket: Bucket):
    through = store_at(proxy.endpoint, bucket.name)
    store.replace("a", b"1", if_match=None)
    for change in (lambda body: body, lambda body: None):
        held = through.update("a", change)
        assert held is not None
        assert held.body == b"1"
    assert through.update("none", lambda body: None) is None
    assert [request.split()[0] for request in proxy.requests] == ["GET"] * 3


def test_absent_objects(store: S3Store):
    assert store.find("nothing") is None
    assert not store.exists("nothing")
    with pytest.raises(ObjectMissing, match="nothing: there is no such object"):
        store.get("nothing")
    store.replace("something", b"", if_match=None)
    assert store.exists("something")


def test_keys_are_listed_page_by_page(store: S3Store, bucket: Bucket):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: bucket.put(f"many/{number:04d}", b""), range(1005)))
    bucket.put("other", b"")
    assert sorted(store.list_keys("many/")) == [f"many/{number:04d}" for number in range(1005)]


# --- answers that are lost --------------------------------------------------------------------------------


def test_an_object_whose_answer_was_lost_is_our_own(proxy: FaultProxy, bucket: Bucket):
    """The client sends it again by itself and is told 412: somebody else. It was not."""
    store = store_at(proxy.endpoint, bucket.name)
    seen: set[str] = set()

    def first_answer_is_lost(method: str, path: str) -> str | None:
        is_first = method == "PUT" and path not in seen
        seen.add(path)
        return DROP_ANSWER if is_first else None

    proxy.decide = first_answer_is_lost
    names = [f"batch-{number:02d}" for number in range(48)]
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda name: store.put_if_absent(name, name.encode()), names))
    assert [outcome.etag for outcome in outcomes] == [store.get(name).etag for name in names]
    assert bucket.keys() == names


def test_an_object_whose_every_answer_was_lost_is_kept(proxy: FaultProxy, bucket: Bucket):
    """The outcome is not known: an error, and nothing is cleaned up."""
    store = store_at(proxy.endpoint, bucket.name, attempts=1)
    proxy.fail(DROP_ANSWER, method="PUT", times=2)
    with pytest.raises(StoreUnavailable):
        store.put_if_absent("batch", b"body")
    assert bucket.keys() == ["batch"]
    assert not store.put_if_absent("batch", b"body").created


def test_a_request_that_was_lost_is_sent_again(proxy: FaultProxy, bucket: Bucket):
    proxy.fail(DROP_REQUEST, method="PUT")
    assert store_at(proxy.endpoint, bucket.name).put_if_absent("batch", b"body").created


def test_an_update_whose_answer_was_lost_is_made_once(proxy: FaultProxy, bucket: Bucket):
    """A merge that finds its own work done changes nothing: that is what manifests rely on."""

    def add_ours(body: bytes | None) -> bytes | None:
        writers = json.loads(body or b"[]")
        return body if "ours" in writers else json.dumps([*writers, "ours"]).encode()

    proxy.fail(DROP_ANSWER, method="PUT")
    held = store_at(proxy.endpoint, bucket.name).update("manifest", add_ours)
    assert held is not None
    assert json.loads(held.body) == ["ours"]


@pytest.mark.parametrize("status", [409, 500, 503])
def test_what_decides_nothing_is_tried_again(proxy: FaultProxy, bucket: Bucket, status: int):
    proxy.fail(status, method="PUT")
    assert store_at(proxy.endpoint, bucket.name).put_if_absent("batch", b"body").created


def test_a_missing_object_behind_a_412_is_tried_again(proxy: FaultProxy, bucket: Bucket):
    proxy.fail(412, method="PUT")
    assert store_at(proxy.endpoint, bucket.name).put_if_absent("batch", b"body").created


def test_a_server_that_fails_for_good_is_unavailable(proxy: FaultProxy, bucket: Bucket):
    proxy.fail(503, method="GET", times=-1)
    with pytest.raises(StoreUnavailable, match=r"^s3://.*: S3 answered 503"):
        store_at(proxy.endpoint, bucket.name, attempts=1).get("a")


def test_a_refusal_is_no_reason_to_try_again(proxy: FaultProxy, bucket: Bucket):
    proxy.fail(403, method="PUT")
    with pytest.raises(StoreRefused):
        store_at(proxy.endpoint, bucket.name).put_if_absent("a", b"")
    assert len(proxy.requests) == 1


# --- errors that a person reads ---------------------------------------------------------------------------


def refusal(store: S3Store, kind: type[StoreError]) -> str:
    """What ``check`` says; one line, whatever is wrong."""
    with pytest.raises(kind) as error:
        store.check()
    text = str(error.value)
    assert type(error.value) is kind
    assert "\n" not in text
    return text


def test_a_wrong_secret(bucket: Bucket):
    wrong = replace(bucket.endpoint, secret_key="not-the-secret")
    text = refusal(store_at(wrong, bucket.name), StoreRefused)
    assert "check the key, the secret and the permissions" in text
    assert "not-the-secret" not in text


def test_an_unknown_key(bucket: Bucket):
    unknown = replace(bucket.endpoint, access_key="AKIDUNKNOWN")
    assert "S3 refused the request" in refusal(store_at(unknown, bucket.name), StoreRefused)


def test_a_missing_bucket(bucket: Bucket):
    text = refusal(store_at(bucket.endpoint, "no-such-bucket"), BucketMissing)
    assert text == "s3://no-such-bucket/: the bucket does not exist: create it, or correct S3_BUCKET"


def test_an_endpoint_that_cannot_be_reached(bucket: Bucket):
    [port] = free_ports(1)
    nowhere = replace(bucket.endpoint, url=f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in refusal(store_at(nowhere, bucket.name, attempts=1), StoreUnavailable)


def test_a_name_that_no_bucket_can_have(bucket: Bucket):
    said = refusal(store_at(bucket.endpoint, "no bucket!"), StoreError)
    assert said == "s3://no bucket!/: S3 knows no such name: correct the bucket or the key"


def test_no_credentials(bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    client = boto3.session.Session().client("s3", endpoint_url=bucket.endpoint.url, region_name="us-east-1")
    assert refusal(S3Store(client, bucket.name), StoreRefused).startswith(
        "no S3 credentials: set AWS_ACCESS_KEY_ID"
    )

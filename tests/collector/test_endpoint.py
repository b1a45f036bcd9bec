"""The check of an S3 endpoint at start."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.endpoint import DishonestEndpoint, check_endpoint
from demo.ports import free_ports
from include.errors import StoreRefused, StoreUnavailable
from tests.conftest import Bucket
from tests.include.stores.proxy import FaultProxy, fault_proxy
from tests.include.stores.test_s3 import store_at

pytestmark = pytest.mark.integration


@pytest.fixture
def proxy(bucket: Bucket) -> Iterator[FaultProxy]:
    with fault_proxy(bucket.endpoint) as held:
        yield held


def test_an_honest_server_passes_and_is_raced_once(bucket: Bucket, proxy: FaultProxy, tmp_path: Path):
    store = store_at(proxy.endpoint, bucket.name, attempts=0)
    for puts in (8, 8):
        check_endpoint(store, proxy.endpoint.url, tmp_path)
        assert sum(request.startswith("PUT") for request in proxy.requests) == puts
    assert bucket.keys() == ["_probe/conditional-writes"]


def test_another_bucket_is_raced_too(bucket: Bucket, proxy: FaultProxy, tmp_path: Path):
    bucket.client.create_bucket(Bucket=f"{bucket.name}-2")
    for name in (bucket.name, f"{bucket.name}-2"):
        check_endpoint(store_at(proxy.endpoint, name, attempts=0), proxy.endpoint.url, tmp_path)
    assert sum(request.startswith("PUT") for request in proxy.requests) == 16


def test_a_server_that_ignores_conditions_is_refused(bucket: Bucket, proxy: FaultProxy, tmp_path: Path):
    proxy.ignores_conditions = True
    with pytest.raises(DishonestEndpoint, match="8 of 8 writers created the same object"):
        check_endpoint(store_at(proxy.endpoint, bucket.name, attempts=0), proxy.endpoint.url, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_stops_the_first_start_only(bucket: Bucket, tmp_path: Path):
    [port] = free_ports(1)
    away = store_at(replace(bucket.endpoint, url=f"http://127.0.0.1:{port}"), bucket.name, attempts=0)
    with pytest.raises(StoreUnavailable):
        check_endpoint(away, bucket.endpoint.url, tmp_path)
    check_endpoint(store_at(bucket.endpoint, bucket.name, attempts=0), bucket.endpoint.url, tmp_path)
    check_endpoint(away, bucket.endpoint.url, tmp_path)


def test_a_refusal_stops_every_start(bucket: Bucket, tmp_path: Path):
    check_endpoint(store_at(bucket.endpoint, bucket.name, attempts=0), bucket.endpoint.url, tmp_path)
    wrong = store_at(replace(bucket.endpoint, secret_key="wrong"), bucket.name, attempts=0)
    with pytest.raises(StoreRefused):
        check_endpoint(wrong, bucket.endpoint.url, tmp_path)


def test_a_known_server_needs_no_disk(bucket: Bucket, tmp_path: Path):
    """A full disk is drained by a restart: nothing is written that stands there already."""
    store = store_at(bucket.endpoint, bucket.name, attempts=0)
    check_endpoint(store, bucket.endpoint.url, tmp_path)
    before = (tmp_path / "endpoint.json").stat().st_mtime_ns
    check_endpoint(store, bucket.endpoint.url, tmp_path)
    assert (tmp_path / "endpoint.json").stat().st_mtime_ns == before

"""A lake that the real simulator and the real collector have written, and ways to spoil a copy of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.collector import Collector
from demo.seaweed import S3Endpoint
from demo.simulator import Simulator
from include.lake.catalog import read_catalog
from include.lake.hours import Hours
from include.stores.s3 import S3Store
from tests.conftest import Bucket

SYMBOL = "BTCUSDT"
HOUR = datetime(2026, 11, 20, 5, tzinfo=UTC)
_SIMULATED = (
    f"--symbols={SYMBOL}",
    f"--start={HOUR.isoformat()}",
    "--minutes=60",
    "--lead-minutes=1",
    "--tail-minutes=1",
    "--speed=600",
    "--trades-per-second=2",
    "--wait-for-start",
)


@dataclass(frozen=True)
class RealLake:
    """One sealed hour, with the exchange that it came from still there."""

    bucket: Bucket
    simulator: Simulator


@pytest.fixture(scope="session")
def real_lake(s3_server: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLake]:
    """Play an hour of market through the collector, and seal it. To change it, take a `copy`."""
    folder = tmp_path_factory.mktemp("real-lake")
    client = s3_server.client()
    client.create_bucket(Bucket="real-lake")
    bucket = Bucket("real-lake", client, s3_server)
    simulator = Simulator(folder / "simulator", _SIMULATED)
    try:
        simulator.wait_ready(time.sleep)
        collect(simulator, bucket, folder / "collector")
        seal(bucket)
        yield RealLake(bucket, simulator)
    finally:
        simulator.process.stop()


def collect(simulator: Simulator, bucket: Bucket, folder: Path) -> None:
    """Play the market to its end into the bucket."""
    collector = Collector(
        folder,
        endpoint=bucket.endpoint,
        bucket=bucket.name,
        symbol=SYMBOL,
        rest_url=simulator.url,
        websocket_url=simulator.websocket_url,
    )
    try:
        collector.wait_connected(time.sleep)
        simulator.start_market()
        while simulator.market().state != "ended":
            time.sleep(0.1)
        while (last := simulator.last_trade_id(SYMBOL)) is None or collector.last_trade_id() != last:
            time.sleep(0.1)
        collector.drain()
    finally:
        collector.process.stop()


def seal(bucket: Bucket) -> None:
    """Judge and seal the hour, as the DAG does."""
    store = S3Store(bucket.client, bucket.name)
    entry = read_catalog(store).symbols[SYMBOL]
    assert Hours(store, entry).seal(HOUR, datetime.now(UTC)).condition == "available"


@pytest.fixture
def copy(real_lake: RealLake, bucket: Bucket) -> Bucket:
    """A copy of the real lake that a test may spoil."""
    for key in real_lake.bucket.keys(prefix=""):
        bucket.client.copy_object(
            Bucket=bucket.name, Key=key, CopySource={"Bucket": real_lake.bucket.name, "Key": key}
        )
    return bucket

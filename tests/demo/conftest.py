"""Lakes that the real simulator and the real collector have written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.collector import Collector
from demo.seaweed import S3Endpoint
from demo.simulator import Simulator
from include.binance.rest import BinanceRest
from include.lake.batching import Grid
from include.lake.catalog import CatalogEntry, read_catalog
from include.lake.hours import Hours
from include.lake.repair import Repair
from include.stores.s3 import S3Store
from tests.conftest import Bucket

SYMBOL = "BTCUSDT"
HOUR = datetime(2026, 11, 20, 5, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]

Proof = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class RealLake:
    """An exchange that plays an hour of market, and the bucket that it is collected into."""

    bucket: Bucket
    simulator: Simulator
    folder: Path

    @contextmanager
    def collector(self) -> Iterator[Collector]:
        """Run a collector, connected, for a `with` block. Each goes on where the last one ended."""
        collector = Collector(
            self.folder / "collector",
            endpoint=self.bucket.endpoint,
            bucket=self.bucket.name,
            symbol=SYMBOL,
            rest_url=self.simulator.url,
            websocket_url=self.simulator.websocket_url,
        )
        try:
            collector.wait_connected(time.sleep)
            yield collector
        finally:
            collector.process.stop()

    def collect_to_the_end(self, collector: Collector) -> None:
        """Wait until the market has ended and the collector holds its last trade, then end it."""
        while self.simulator.market().state != "ended":
            time.sleep(0.1)
        while (last := self.simulator.last_trade_id(SYMBOL)) is None or collector.last_trade_id() != last:
            time.sleep(0.1)
        collector.drain()

    def seal(self) -> None:
        """Judge, heal and seal the hour, as the DAG does."""
        store, entry = self._store_and_entry()
        hours, now = Hours(store, entry), datetime.now(UTC)
        missing = hours.judge(HOUR, now).report.missing
        Repair(store, entry, BinanceRest(self.simulator.url), Grid()).heal(HOUR, missing)
        assert hours.seal(HOUR, now).condition == "available"

    def _store_and_entry(self) -> tuple[S3Store, CatalogEntry]:
        store = S3Store(self.bucket.client, self.bucket.name)
        return store, read_catalog(store).symbols[SYMBOL]


@contextmanager
def playing(bucket: Bucket, folder: Path, speed: int) -> Iterator[RealLake]:
    """Run an exchange with an hour of market and a minute around it; the market waits for its start."""
    around = ["--minutes=60", "--lead-minutes=1", "--tail-minutes=1", "--trades-per-second=2"]
    options = [f"--symbols={SYMBOL}", f"--start={HOUR.isoformat()}", f"--speed={speed}", "--wait-for-start"]
    simulator = Simulator(folder / "simulator", [*options, *around])
    try:
        simulator.wait_ready(time.sleep)
        yield RealLake(bucket, simulator, folder)
    finally:
        simulator.process.stop()


@pytest.fixture(scope="session")
def real_lake(s3_server: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLake]:
    """One hour, collected and sealed. To change it, take a `copy`."""
    client = s3_server.client()
    client.create_bucket(Bucket="real-lake")
    bucket = Bucket("real-lake", client, s3_server)
    with playing(bucket, tmp_path_factory.mktemp("real-lake"), speed=600) as lake:
        with lake.collector() as collector:
            lake.simulator.start_market()
            lake.collect_to_the_end(collector)
        lake.seal()
        yield lake


@pytest.fixture
def copy(real_lake: RealLake, bucket: Bucket) -> Bucket:
    """A copy of the real lake that a test may spoil."""
    for key in real_lake.bucket.keys(prefix=""):
        source = {"Bucket": real_lake.bucket.name, "Key": key}
        bucket.client.copy_object(Bucket=bucket.name, Key=key, CopySource=source)
    return bucket


@pytest.fixture
def prove() -> Callable[[Bucket, Simulator], Proof]:
    """Run the proof program on a bucket, against an exchange's own log and klines."""

    def run(bucket: Bucket, simulator: Simulator) -> Proof:
        options = {
            "endpoint": bucket.endpoint.url,
            "bucket": bucket.name,
            "symbol": SYMBOL,
            "published": simulator.published,
            "from": HOUR.isoformat(),
            "to": (HOUR + timedelta(hours=1)).isoformat(),
            "exchange-url": simulator.url,
        }
        return subprocess.run(
            [sys.executable, "-m", "demo.proof", *(f"--{name}={value}" for name, value in options.items())],
            cwd=REPOSITORY,
            env=os.environ | bucket.endpoint.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    return run

"""The collector as a process between a simulated exchange and a real S3 server, and the lake it fills."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from demo.environment import REPOSITORY, base_environment
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess
from include.lake.intervals import Interval, union
from include.lake.keys import TradeKeys
from include.lake.manifest import Manifest, manifest_from_json
from tests.conftest import Bucket

PYTHON = REPOSITORY / ".venv-collector" / "bin" / "python"
_PATIENCE_SECONDS = 60.0


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that a process brings about; a bound for the case that it never does."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.05)


@dataclass
class Exchange:
    """A running simulator, and its log."""

    url: str
    log_dir: Path

    def start(self) -> None:
        httpx.post(f"{self.url}/control/start", trust_env=False).raise_for_status()

    def fault(self, **fault: object) -> None:
        httpx.post(f"{self.url}/control/faults", json=fault, trust_env=False).raise_for_status()

    def status(self) -> dict[str, Any]:
        content: dict[str, Any] = httpx.get(f"{self.url}/control/status", trust_env=False).json()
        return content

    def wait_for_trades(self, count: int, symbol: str = "BTCUSDT") -> None:
        wait_until(lambda: self.status()["published"][symbol] >= count, f"{count} trades")

    def wait_for_end(self) -> None:
        wait_until(lambda: self.status()["state"] == "ended", "the end of the market")

    def published(self) -> list[dict[str, str]]:
        """Every trade that was made public; complete once the market has ended."""
        count = sum(self.status()["published"].values())
        rows: list[dict[str, str]] = []

        def is_complete() -> bool:
            with (self.log_dir / "published.csv").open(newline="") as file:
                rows[:] = csv.DictReader(file)
            return len(rows) == count

        wait_until(is_complete, "the exchange's log")
        return rows

    def ids(self, symbol: str = "BTCUSDT") -> set[int]:
        return {int(row["trade_id"]) for row in self.published() if row["symbol"] == symbol}


@contextmanager
def exchange(directory: Path, *options: str) -> Iterator[Exchange]:
    """A simulator whose time stands until ``start``."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "simulator", f"--port={port}", f"--log-dir={directory / 'log'}"]
    process = ChildProcess(
        "simulator",
        [*command, "--wait-for-start", *options],
        log_folder=directory,
        directory=REPOSITORY,
        environment=base_environment(directory / "home"),
    )
    held = Exchange(f"http://{HOST}:{port}", directory / "log")

    def answers() -> bool:
        try:
            return bool(held.status())
        except httpx.TransportError:
            return False

    try:
        process.wait_ready(answers, _PATIENCE_SECONDS)
        yield held
    finally:
        process.stop()


def environment(directory: Path, bucket: Bucket, exchange_url: str, **settings: object) -> dict[str, str]:
    """All that a collector is told, with ports of its own."""
    health, metrics = free_ports(2)
    told = {
        "S3_BUCKET": bucket.name,
        "EXCHANGE_WS_URL": exchange_url.replace("http", "ws", 1),
        "EXCHANGE_REST_URL": exchange_url,
        "SPOOL_DIR": directory / "spool",
        "HEALTH_PORT": health,
        "METRICS_PORT": metrics,
        "INSTANCE_ID": directory.name,
        "PYTHONPATH": REPOSITORY,
        **settings,
    }
    return (
        base_environment(directory / "home")
        | bucket.endpoint.environment()
        | {name: str(value) for name, value in told.items()}
    )


@dataclass
class Collector:
    """A collector that may be ended and started again in the same folder."""

    directory: Path
    environment: Mapping[str, str]
    process: ChildProcess = field(init=False)

    def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.process = ChildProcess(
            "collector",
            [str(PYTHON), "-m", "collector"],
            log_folder=self.directory,
            directory=self.directory,
            stop_seconds=_PATIENCE_SECONDS,
            environment=self.environment,
        )

    def health(self) -> dict[str, Any]:
        try:
            url = f"http://{HOST}:{self.environment['HEALTH_PORT']}/stats"
            content: dict[str, Any] = httpx.get(url, trust_env=False).json()
        except httpx.TransportError:
            self.process.ensure_running()
            return {"connections": 0, "symbols": {}}
        return content

    def symbol(self, name: str = "BTCUSDT") -> dict[str, Any]:
        numbers: dict[str, Any] = self.health()["symbols"].get(name, {"last_trade_id": None})
        return numbers

    def wait_connected(self, connections: int = 2) -> None:
        wait_until(lambda: self.health()["connections"] == connections, f"{connections} connections")

    def wait_for(self, trade_id: int, symbol: str = "BTCUSDT") -> None:
        wait_until(lambda: (self.symbol(symbol)["last_trade_id"] or 0) >= trade_id, f"trade {trade_id}")

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        wait_until(lambda: self.process.exit_code is not None, "the end of the collector")

    def log(self) -> str:
        return self.process.log.read_text()


@contextmanager
def collector(directory: Path, bucket: Bucket, exchange_url: str, **settings: object) -> Iterator[Collector]:
    held = Collector(directory, environment(directory, bucket, exchange_url, **settings))
    held.start()
    try:
        yield held
    finally:
        held.process.stop()


def run_collector(settings: Mapping[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one that is expected to refuse, and return what it said."""
    return subprocess.run(
        [str(PYTHON), "-m", "collector"],
        env=dict(settings),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Lake:
    """What the manifests of one symbol say, read by nobody's code but the contract's."""

    bucket: Bucket
    prefix: str = "Binance/BTCUSDT/"

    @property
    def manifests(self) -> list[Manifest]:
        keys = [key for key in self.bucket.keys(self.prefix) if TradeKeys.minute_of_manifest(key)]
        return sorted(
            (manifest_from_json(self.bucket.get(key), key) for key in keys), key=lambda held: held.minute
        )

    @property
    def spans(self) -> list[Interval]:
        return sorted(held.interval for manifest in self.manifests for held in manifest.objects)

    @property
    def ids(self) -> list[int]:
        """Every listed id, as often as it is listed."""
        return sorted(number for first, last in self.spans for number in range(first, last + 1))

    @property
    def gap_ids(self) -> set[int]:
        gaps = [gap for manifest in self.manifests for gap in manifest.gaps]
        known = [(gap.first_id, gap.last_id) for gap in gaps if gap.first_id and gap.last_id]
        return {number for first, last in union(known) for number in range(first, last + 1)}

    @property
    def open_edges(self) -> list[str]:
        gaps = [gap for manifest in self.manifests for gap in manifest.gaps]
        return [gap.reason for gap in gaps if gap.first_id is None or gap.last_id is None]

    def unlisted(self) -> list[str]:
        """Objects of trades that stand in the bucket and in no manifest."""
        listed = {held.key for manifest in self.manifests for held in manifest.objects}
        return [key for key in self.bucket.keys(self.prefix) if "/batch-" in key and key not in listed]

    def table(self) -> pa.Table:
        objects = [held.key for manifest in self.manifests for held in manifest.objects]
        tables = [pq.read_table(io.BytesIO(self.bucket.get(key))) for key in objects]
        return pa.concat_tables(tables).unify_dictionaries().sort_by("trade_id")


def values_of(table: pa.Table) -> list[tuple[object, ...]]:
    """Id, price, qty, T in us, maker of every row, decimals as text."""
    names = ("trade_id", "price", "qty", "trade_ts_us", "is_buyer_maker")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return [(number, f"{price:f}", f"{qty:f}", time, maker) for number, price, qty, time, maker in rows]


def published_values(rows: Sequence[Mapping[str, str]]) -> list[tuple[object, ...]]:
    return [
        (
            int(row["trade_id"]),
            row["price"],
            row["qty"],
            int(row["trade_time_us"]),
            row["is_buyer_maker"] == "true",
        )
        for row in rows
    ]

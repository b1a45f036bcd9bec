"""An hour that a real collector wrote, of a market whose trades were not all sent to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from demo.environment import REPOSITORY, base_environment
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess
from include.lake.intervals import Interval
from tests.conftest import Bucket
from tests.market import HOUR, SYMBOLS, Market, foreseen

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CopySourceTypeDef

WHOLE, HOLED, FORGOTTEN = "ETHUSDT", "BTCUSDT", "SOLUSDT"
"""Nothing is missing; some is missing at the WebSocket; the exchange's REST API does not have it either."""

SPEED = 1200.0
"""An hour in three seconds."""

_READY_SECONDS = 60.0


def _ids(symbol: str, minute: int) -> list[int]:
    return foreseen(symbol)[HOUR + timedelta(minutes=minute)]


HOLES: dict[str, list[Interval]] = {
    WHOLE: [],
    HOLED: [
        (_ids(HOLED, -1)[-3], _ids(HOLED, 0)[4]),
        (_ids(HOLED, 3)[2], _ids(HOLED, 3)[5]),
        (_ids(HOLED, 7)[-3], _ids(HOLED, 8)[4]),
        (_ids(HOLED, 30)[1], _ids(HOLED, 47)[2]),
        (_ids(HOLED, 59)[-5], _ids(HOLED, 60)[3]),
    ],
    FORGOTTEN: [
        (_ids(FORGOTTEN, 10)[2], _ids(FORGOTTEN, 10)[4]),
        (_ids(FORGOTTEN, 12)[-2], _ids(FORGOTTEN, 13)[3]),
    ],
}
"""Trade ids that the collector is not sent: at the hour's edges, inside, across one and many minutes."""


@dataclass(frozen=True)
class CollectedHour:
    """The market, which still answers at REST, and the bucket that the collector left."""

    market: Market
    bucket: Bucket

    def copy_to(self, bucket: Bucket, symbols: Sequence[str]) -> None:
        """Give a test a lake of its own, of these symbols."""

        def copy(key: str) -> None:
            source: CopySourceTypeDef = {"Bucket": self.bucket.name, "Key": key}
            bucket.client.copy_object(Bucket=bucket.name, Key=key, CopySource=source)

        with ThreadPoolExecutor(8) as copiers:
            for symbol in symbols:
                list(copiers.map(copy, self.bucket.keys(f"Binance/{symbol}/")))
        catalog = json.loads(self.bucket.get("_catalog.json"))
        catalog["symbols"] = {symbol: catalog["symbols"][symbol] for symbol in symbols}
        bucket.put("_catalog.json", json.dumps(catalog).encode())


def collect_hour(market: Market, bucket: Bucket, folder: Path) -> CollectedHour:
    """Play the market to a collector, and end that once it holds all that it was sent."""
    for symbol, holes in HOLES.items():
        for first, last in holes:
            market.withhold(symbol, first, last, rest=symbol == FORGOTTEN)
    with _collector(market, bucket, folder) as health_url:
        market.play()
        last_ids = {symbol: market.trades(symbol)[-1].trade_id for symbol in SYMBOLS}
        while {name: held["last_trade_id"] for name, held in _symbols(health_url).items()} != last_ids:
            time.sleep(0.1)
    return CollectedHour(market, bucket)


@contextmanager
def _collector(market: Market, bucket: Bucket, folder: Path) -> Iterator[str]:
    health, metrics = free_ports(2)
    process = ChildProcess(
        "collector",
        [str(REPOSITORY / ".venv-collector" / "bin" / "python"), "-m", "collector"],
        log_folder=folder,
        directory=folder,
        environment=base_environment(folder / "home")
        | bucket.endpoint.environment()
        | {
            "PYTHONPATH": str(REPOSITORY),
            "S3_BUCKET": bucket.name,
            "ASSET_SYMBOL": ",".join(SYMBOLS),
            "EXCHANGE_REST_URL": market.url,
            "EXCHANGE_WS_URL": market.process.websocket_url,
            "SPOOL_DIR": str(folder / "spool"),
            "HEALTH_PORT": str(health),
            "METRICS_PORT": str(metrics),
        },
    )
    url = f"http://{HOST}:{health}/health"
    try:
        process.wait_ready(lambda: _is_connected(url), _READY_SECONDS)
        yield url
    finally:
        exit_code = process.stop()
    assert exit_code == 0, process.log.read_text()


def _is_connected(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def _symbols(health_url: str) -> dict[str, dict[str, int]]:
    symbols: dict[str, dict[str, int]] = httpx.get(health_url).json()["symbols"]
    return symbols

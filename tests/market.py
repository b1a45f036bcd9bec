"""A made hour of market with neighbours: what it will hold, who plays it, what was published."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from demo.simulator import Simulator
from simulator.events import TradeMessage
from simulator.market import market_events
from simulator.settings import Settings

HOUR = datetime(2026, 1, 31, 5, tzinfo=UTC)
KEY = "2026-01-31T05:00:00"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
LEAD_MINUTES, MINUTES, TAIL_MINUTES = 2, 60, 3
TRADES_PER_SECOND = 1.0


@dataclass(frozen=True)
class Published:
    """A trade in the exchange's own words; the time in microseconds."""

    trade_id: int
    price: str
    qty: str
    time_us: int
    is_buyer_maker: bool

    @property
    def minute(self) -> datetime:
        return datetime.fromtimestamp(self.time_us // 60_000_000 * 60, UTC)


class Market:
    """A simulator that plays the hour once, and answers at REST from then on."""

    def __init__(self, process: Simulator) -> None:
        self.process = process
        self.url = process.url

    def play(self) -> None:
        """Let the market run to its end."""
        self.process.start_market()
        while self.process.market().state != "ended":
            time.sleep(0.05)

    def trades(self, symbol: str) -> list[Published]:
        """All that was published, sent or not."""
        while self.process.last_trade_id(symbol) is None:
            time.sleep(0.05)
        with self.process.published.open(newline="") as log:
            rows = [row for row in csv.DictReader(log) if row["symbol"] == symbol]
        return [
            Published(
                int(row["trade_id"]),
                row["price"],
                row["qty"],
                int(row["trade_time_us"]),
                row["is_buyer_maker"] == "true",
            )
            for row in rows
        ]

    def withhold(self, symbol: str, first_id: int, last_id: int, *, rest: bool) -> None:
        """Send these trades to nobody; with ``rest`` let REST not know them either."""
        ids = {"symbol": symbol, "first_id": first_id, "last_id": last_id}
        self._order(kind="withhold", rest=rest, **ids)

    def fail_rest(self, status: int, count: int = 1) -> None:
        """Answer the next calls of ``historicalTrades`` with an error."""
        self._order(kind="rest_status", path="/api/v3/historicalTrades", status=status, count=count)

    def failures_left(self) -> int:
        """How many of the ordered errors nobody has asked for yet."""
        faults = httpx.get(f"{self.url}/control/faults").json()["faults"]
        return sum(fault["count"] for fault in faults if fault["kind"] == "rest_status")

    def take_failures(self) -> None:
        """Use up the ordered errors."""
        while self.failures_left():
            httpx.get(f"{self.url}/api/v3/historicalTrades")

    def _order(self, **fault: Any) -> None:
        httpx.post(f"{self.url}/control/faults", json=fault).raise_for_status()


@contextmanager
def market(folder: Path, *, speed: float, symbols: Sequence[str] = SYMBOLS) -> Iterator[Market]:
    """Start a simulator whose time stands; stop it at the end."""
    process = Simulator(
        folder,
        (
            f"--symbols={','.join(symbols)}",
            f"--start={HOUR.isoformat()}",
            f"--minutes={MINUTES}",
            f"--lead-minutes={LEAD_MINUTES}",
            f"--tail-minutes={TAIL_MINUTES}",
            f"--trades-per-second={TRADES_PER_SECOND}",
            f"--speed={speed}",
            "--wait-for-start",
        ),
    )
    try:
        process.wait_ready(time.sleep)
        yield Market(process)
    finally:
        process.process.stop()


@cache
def foreseen(symbol: str) -> dict[datetime, list[int]]:
    """The ids that each minute of the market will hold; the market is a function of its seed."""
    settings = Settings(
        log_dir=Path(),
        symbols=SYMBOLS,
        start=HOUR,
        minutes=MINUTES,
        lead_minutes=LEAD_MINUTES,
        tail_minutes=TAIL_MINUTES,
        trades_per_second=TRADES_PER_SECOND,
    )
    minutes: dict[datetime, list[int]] = {
        HOUR + timedelta(minutes=number): [] for number in range(-LEAD_MINUTES, MINUTES + TAIL_MINUTES)
    }
    for event in market_events(settings):
        if isinstance(event, TradeMessage) and event.trade.symbol == symbol:
            seconds = event.trade.time_us // 60_000_000 * 60
            minutes[datetime.fromtimestamp(seconds, UTC)].append(event.trade.trade_id)
    return minutes

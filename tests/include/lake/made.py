"""Trades, objects and klines made for tests, and the recorded tape where it is at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st

from include.lake.intervals import Interval
from include.lake.kline import Kline, Totals
from include.lake.manifest import ManifestObject
from include.lake.times import MINUTE_US, to_us
from include.lake.trade import Trade

HOUR = datetime(2026, 11, 20, 5, tzinfo=UTC)
HOUR_US = to_us(HOUR)
SYMBOL = "BTCUSDT"
NO_TRADES = Totals("0", "0", "0", "0")

_TAPE = Path(__file__).parents[4] / "shared" / "data" / "binance" / "tape"


def tape_files() -> list[Path]:
    """The recorded frames of BTCUSDT, in order; skips the test where they are absent."""
    files = sorted(_TAPE.glob("btcusdt_*.gz"))
    if not files:
        pytest.skip(f"no recorded frames in {_TAPE}")
    return files


def minute(number: int) -> datetime:
    return HOUR + timedelta(minutes=number)


def minute_us(number: int) -> int:
    return HOUR_US + number * MINUTE_US


def trade(
    trade_id: int,
    second: float = 0.0,
    *,
    price: str = "61837.63000000",
    qty: str = "0.02000000",
    maker: bool = False,
    ingest_us: int = HOUR_US,
    precision: str = "us",
) -> Trade:
    """A trade some seconds after 05:00."""
    time_us = HOUR_US + round(second * 1_000_000)
    return Trade(trade_id, price, qty, time_us, time_us + 700, ingest_us, maker, precision)


def trades(first_id: int, last_id: int, start: float = 0.0, step: float = 0.001) -> list[Trade]:
    """Trades with consecutive ids, ``step`` seconds apart."""
    return [
        trade(trade_id, start + index * step) for index, trade_id in enumerate(range(first_id, last_id + 1))
    ]


def manifest_object(
    first_id: int, last_id: int, *, name: str = "", totals: Totals = NO_TRADES
) -> ManifestObject:
    return ManifestObject(
        key=name or f"batch-{first_id}-{last_id}",
        etag=f'"{first_id}"',
        rows=last_id - first_id + 1,
        first_id=first_id,
        last_id=last_id,
        min_ts=HOUR_US,
        max_ts=HOUR_US + 1,
        time_precision="us",
        bytes=100,
        uncompressed_bytes=200,
        sha256="0",
        content_sha256="1",
        source="ws",
        totals=totals,
    )


def kline(number: int, first_id: int, last_id: int, totals: Totals = NO_TRADES) -> Kline:
    """The kline of minute ``number`` for trades with these ids; ``last_id`` below ``first_id``: for none."""
    count = max(0, last_id - first_id + 1)
    ids = (first_id, last_id) if count else (-1, -1)
    sums = (totals.v, totals.q, totals.V, totals.Q)
    return Kline(minute_us(number), *ids, count, *sums, "1", "1", "1", "1")


def kline_of(number: int, held: Sequence[Trade]) -> Kline:
    """The kline that the exchange would send for these trades."""
    if not held:
        return kline(number, 0, -1)
    return kline(number, held[0].trade_id, held[-1].trade_id, totals_of(held))


def totals_of(held: Iterable[Trade]) -> Totals:
    """The sums of a kline, in whole units of 1e-8 and 1e-16."""
    rows = [(_units(row.price), _units(row.qty), not row.is_buyer_maker) for row in held]
    return Totals(
        _text(sum(qty for _, qty, _ in rows), 8),
        _text(sum(price * qty for price, qty, _ in rows), 16),
        _text(sum(qty for _, qty, bought in rows if bought), 8),
        _text(sum(price * qty for price, qty, bought in rows if bought), 16),
    )


def _units(text: str) -> int:
    whole, places = text.split(".")
    return int(whole + places)


def _text(units: int, places: int) -> str:
    return f"{units // 10**places}.{units % 10**places:0{places}d}"


def ids(intervals: Iterable[Interval]) -> set[int]:
    return {number for first, last in intervals for number in range(first, last + 1)}


def decimals(digits: int) -> st.SearchStrategy[str]:
    """Decimal texts with 8 places that fit ``digits`` digits, the edges among them."""
    largest = 10**digits - 1
    units = st.one_of(st.sampled_from([1, 10**8, largest]), st.integers(0, largest))
    return units.map(lambda held: f"{held // 10**8}.{held % 10**8:08d}")

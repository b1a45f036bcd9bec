"""A lake as one collector writes it, by the collector's stages without process and sockets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from threading import Event
from typing import Any

from collector.batcher import Batcher
from collector.records import ClosedKline, Record, SessionEnd, SessionStart
from collector.uploader import Destination, Uploader
from include.lake.batching import Grid
from include.lake.catalog import CatalogEntry, read_catalog
from include.lake.kline import Kline
from include.lake.times import MINUTE, to_us
from include.lake.trade import Trade
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.market import Published

INGESTED_US = to_us(datetime.fromisoformat("2026-01-31T12:00:00Z"))


def collect(
    bucket: Bucket,
    rows: Sequence[Published],
    *,
    withheld: Collection[int] = (),
    symbol: str = "BTCUSDT",
) -> CatalogEntry:
    """Write what a collector makes of these trades when some are not sent to it; each minute has a kline."""
    store = S3Store(bucket.client, bucket.name)
    destination = Destination(
        "Binance", symbol, symbol.lower(), f"Binance/{symbol}/", "parquet", Grid(), "tests"
    )
    batcher = Batcher(Grid(), None)
    records = [SessionStart(), *_stream(rows, withheld), SessionEnd()]
    actions = [action for record in records for action in batcher.feed(record)]
    Uploader(store, destination, Event()).write(actions)
    return read_catalog(store).symbols[symbol]


def objects(bucket: Bucket) -> dict[str, tuple[str, datetime]]:
    """Every object of the bucket with its ETag and when it was written: equal means that nothing was."""
    pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name)
    return {
        entry["Key"]: (entry["ETag"], entry["LastModified"])
        for page in pages
        for entry in page.get("Contents", [])
    }


def as_published(table: Any) -> list[Published]:
    """Trades that were read from the lake, in the exchange's words."""
    columns = ("trade_id", "price", "qty", "trade_ts_us", "is_buyer_maker")
    return [
        Published(row["trade_id"], f"{row['price']:f}", f"{row['qty']:f}", *list(row.values())[3:])
        for row in table.select(columns).to_pylist()
    ]


def _stream(rows: Sequence[Published], withheld: Collection[int]) -> Iterator[Record]:
    """Each minute's trades, then its kline."""
    last = rows[0].minute - MINUTE
    for minute, group in groupby(rows, key=lambda row: row.minute):
        yield from (_kline(quiet, []) for quiet in _minutes(last + MINUTE, minute))
        held = list(group)
        yield from (_trade(row) for row in held if row.trade_id not in withheld)
        yield _kline(minute, held)
        last = minute


def _minutes(start: datetime, end: datetime) -> Iterable[datetime]:
    return (start + number * MINUTE for number in range((end - start) // MINUTE))


def _trade(row: Published) -> Trade:
    times = (row.time_us, row.time_us + 700, INGESTED_US)
    return Trade(row.trade_id, row.price, row.qty, *times, row.is_buyer_maker, "us")


def _kline(minute: datetime, rows: Sequence[Published]) -> ClosedKline:
    amounts = [(Decimal(row.qty), Decimal(row.price) * Decimal(row.qty), row.is_buyer_maker) for row in rows]
    prices = [row.price for row in rows] or ["1.00000000"]
    return ClosedKline(
        Kline(
            t=to_us(minute),
            f=rows[0].trade_id if rows else -1,
            L=rows[-1].trade_id if rows else -1,
            n=len(rows),
            v=_sum(qty for qty, _, _ in amounts),
            q=_sum(quote for _, quote, _ in amounts),
            V=_sum(qty for qty, _, maker in amounts if not maker),
            Q=_sum(quote for _, quote, maker in amounts if not maker),
            o=prices[0],
            h=max(prices, key=Decimal),
            l=min(prices, key=Decimal),
            c=prices[-1],
        )
    )


def _sum(amounts: Iterable[Decimal]) -> str:
    return f"{sum(amounts, Decimal(0)):f}"

"""A lake of one hour written by the data contract alone, without any code of the product.

Every test of the proof spoils a copy of it in one way.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import Bucket

START = datetime(2026, 11, 20, 5, tzinfo=UTC)
FIRST_ID = 5_000_001
SYMBOL = "BTCUSDT"
PREFIX = f"Binance/{SYMBOL}/"
HOUR_PREFIX = f"{PREFIX}{START:%Y/%m/%d/%H}/"

_SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.dictionary(pa.int32(), pa.string())),
        pa.field("trade_id", pa.int64()),
        pa.field("price", pa.decimal128(18, 8)),
        pa.field("qty", pa.decimal128(19, 8)),
        pa.field("trade_time", pa.timestamp("us", "UTC")),
        pa.field("trade_ts_us", pa.int64()),
        pa.field("is_buyer_maker", pa.bool_()),
        pa.field("source", pa.dictionary(pa.int32(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Trade:
    trade_id: int
    price: str
    qty: str
    trade_ts_us: int
    is_buyer_maker: bool

    @property
    def minute(self) -> datetime:
        return datetime.fromtimestamp(self.trade_ts_us // 60_000_000 * 60, UTC)


def market() -> list[Trade]:
    """Trades with consecutive ids: four a minute, in ten minutes of an otherwise quiet hour."""
    chance, start_us = random.Random(7), int((START + timedelta(minutes=10)).timestamp()) * 1_000_000
    return [
        Trade(
            FIRST_ID + number,
            f"{61_000 + chance.randrange(-9_999, 9_999) / 100:.8f}",
            f"{chance.randrange(1, 99_999) / 100_000:.8f}",
            start_us + number * 15_000_000,
            chance.random() < 0.5,
        )
        for number in range(40)
    ]


def write_published(trades: Sequence[Trade], file: Path) -> None:
    lines = ["symbol,trade_id,price,qty,trade_time_us,is_buyer_maker"] + [
        f"{SYMBOL},{t.trade_id},{t.price},{t.qty},{t.trade_ts_us},{str(t.is_buyer_maker).lower()}"
        for t in trades
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_lake(bucket: Bucket, trades: Sequence[Trade]) -> None:
    """Write every minute of the hour, then the hour's documents."""
    minutes = [trades_of_minute(trades, number) for number in range(60)]
    with ThreadPoolExecutor(8) as writers:
        etags = list(writers.map(lambda minute: write_minute(bucket, *minute), minutes))
    seal(bucket, trades, {_manifest(minute): etag for (minute, _), etag in zip(minutes, etags, strict=True)})


def write_minute(bucket: Bucket, minute: datetime, trades: Sequence[Trade]) -> str:
    """Write one object with these rows, and the manifest that lists it; returns the manifest's ETag."""
    entries = [_object(bucket, minute, trades)] if trades else []
    intervals = [[entry["first_id"], entry["last_id"]] for entry in entries]
    manifest = {"condition": "available", "count": len(trades), "intervals": intervals, "objects": entries}
    body = json.dumps(manifest).encode()
    return bucket.client.put_object(Bucket=bucket.name, Key=_manifest(minute), Body=body)["ETag"]


def seal(bucket: Bucket, trades: Sequence[Trade], manifests: dict[str, str]) -> None:
    """Write the hour's status and its readiness, which stands on these ETags of the manifests."""
    ids = {"first_id": trades[0].trade_id, "last_id": trades[-1].trade_id, "count": len(trades)}
    facts = ids | {"kline_matches": True, "version": 1}
    put_status(bucket, facts | {"condition": "available", "reasons": []})
    bucket.put(f"{HOUR_PREFIX}_READY.json", json.dumps(facts | {"manifests": manifests}).encode())


def _manifest(minute: datetime) -> str:
    return f"{PREFIX}{minute:%Y/%m/%d/%H/%M}/_manifest.json"


def _object(bucket: Bucket, minute: datetime, trades: Sequence[Trade]) -> dict[str, object]:
    body, ids = encode(trades), [trade.trade_id for trade in trades]
    key = f"{PREFIX}{minute:%Y/%m/%d/%H/%M}/batch-{ids[0]}.parquet"
    bucket.put(key, body)
    span = {"rows": len(ids), "first_id": min(ids), "last_id": max(ids)}
    return {"key": key, "sha256": hashlib.sha256(body).hexdigest()} | span


def put_status(bucket: Bucket, status: dict[str, object]) -> None:
    bucket.put(f"{HOUR_PREFIX}_STATUS.json", json.dumps(status).encode())


def encode(trades: Sequence[Trade]) -> bytes:
    return encode_table(table(trades))


def table(trades: Sequence[Trade]) -> pa.Table:
    columns = {
        "symbol": [SYMBOL] * len(trades),
        "trade_id": [trade.trade_id for trade in trades],
        "price": [Decimal(trade.price) for trade in trades],
        "qty": [Decimal(trade.qty) for trade in trades],
        "trade_time": [trade.trade_ts_us for trade in trades],
        "trade_ts_us": [trade.trade_ts_us for trade in trades],
        "is_buyer_maker": [trade.is_buyer_maker for trade in trades],
        "source": ["ws"] * len(trades),
    }
    return pa.table(columns, schema=_SCHEMA)


def encode_table(rows: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(rows, file)
    return file.getvalue()


def trades_of_minute(trades: Sequence[Trade], number: int) -> tuple[datetime, list[Trade]]:
    """The trades of the hour's minute `number`."""
    minute = START + timedelta(minutes=number)
    return minute, [trade for trade in trades if trade.minute == minute]

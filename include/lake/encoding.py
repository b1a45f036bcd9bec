"""Trades as files: Parquet, CSV, JSON lines. The same columns in each (``docs/data-contract.md``).

Parquet follows what was measured: zstd 3, decimals as integers, DELTA_BINARY_PACKED on ids and times,
dictionary on quantities, no BYTE_STREAM_SPLIT (Spark 3.5 cannot read it).
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from include.errors import InvalidRecord
from include.lake.kline import Totals
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, SCALE, Source, Trade

SCHEMA_VERSION = 1
FILE_FORMATS = ("parquet", "csv", "jsonl")

_WORDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("symbol", _WORDS, nullable=False),
        pa.field("trade_id", pa.int64(), nullable=False),
        pa.field("price", pa.decimal128(PRICE_DIGITS, SCALE), nullable=False),
        pa.field("qty", pa.decimal128(QTY_DIGITS, SCALE), nullable=False),
        pa.field("trade_time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("trade_ts_us", pa.int64(), nullable=False),
        pa.field("event_ts_us", pa.int64()),
        pa.field("ingest_ts_us", pa.int64(), nullable=False),
        pa.field("is_buyer_maker", pa.bool_(), nullable=False),
        pa.field("source", _WORDS, nullable=False),
    ]
)
"""Columns of a trades file, in order."""

_AS_TEXT = dict.fromkeys(("symbol", "price", "qty", "source"), pa.string()) | {"trade_time": pa.int64()}
_PLAIN = pa.schema([(field.name, _AS_TEXT.get(field.name, field.type)) for field in SCHEMA])
"""The columns as text files hold them."""

_DELTA = ("trade_id", "trade_time", "trade_ts_us", "event_ts_us", "ingest_ts_us", "price")
_FACTS = ("first_id", "last_id", "rows", "min_ts", "max_ts", "time_precision", "content_sha256")
_DICTIONARY = ["symbol", "source", "qty"]


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """A batch as the bytes of a file, with what the manifest says of it.

    Attributes:
        body: the file.
        rows: number of trades.
        first_id: first trade id.
        last_id: last trade id.
        min_ts: earliest trade time, microseconds.
        max_ts: latest trade time, microseconds.
        time_precision: ``ms`` or ``us``, the coarsest among the rows.
        sha256: of the bytes.
        content_sha256: of the canonical lines; equal for two writers whose clocks differ.
        uncompressed_bytes: size before compression.
        totals: sums that a kline can be compared with.
    """

    body: bytes
    rows: int
    first_id: int
    last_id: int
    min_ts: int
    max_ts: int
    time_precision: str
    sha256: str
    content_sha256: str
    uncompressed_bytes: int
    totals: Totals

    @property
    def metadata(self) -> dict[str, str]:
        """S3 user metadata: the facts of the Parquet footer, and size and SHA-256 of the bytes."""
        facts = _metadata({name: getattr(self, name) for name in _FACTS})
        return {**facts, "sha256": self.sha256, "bytes": str(len(self.body))}


def encode(trades: Sequence[Trade], symbol: str, source: Source, file_format: str) -> EncodedBatch:
    """Encode a batch of trades.

    Args:
        trades: one batch, in id order, not empty.
        symbol: the symbol.
        source: where the trades were got from.
        file_format: ``parquet``, ``csv`` or ``jsonl``.

    Raises:
        InvalidRecord: a value exceeds its column.
    """
    table = to_table(trades, symbol, source)
    times = [trade.trade_ts_us for trade in trades]
    facts: dict[str, Any] = {
        "rows": len(trades),
        "first_id": trades[0].trade_id,
        "last_id": trades[-1].trade_id,
        "min_ts": min(times),
        "max_ts": max(times),
        "time_precision": "ms" if any(trade.time_precision == "ms" for trade in trades) else "us",
        "content_sha256": content_sha256(trades),
    }
    body, uncompressed = _WRITERS[file_format](table, trades, facts)
    return EncodedBatch(
        body=body,
        sha256=sha256(body).hexdigest(),
        uncompressed_bytes=uncompressed,
        totals=totals(table),
        **facts,
    )


def to_table(trades: Sequence[Trade], symbol: str, source: Source) -> pa.Table:
    """Build the table of ``SCHEMA`` from trades, exactly."""
    times = pa.array([trade.trade_ts_us for trade in trades], pa.int64())
    columns = [
        _constant(symbol, len(trades)),
        pa.array([trade.trade_id for trade in trades], pa.int64()),
        _decimals("price", [trade.price for trade in trades]),
        _decimals("qty", [trade.qty for trade in trades]),
        times.cast(pa.timestamp("us", "UTC")),
        times,
        pa.array([trade.event_ts_us for trade in trades], pa.int64()),
        pa.array([trade.ingest_ts_us for trade in trades], pa.int64()),
        pa.array([trade.is_buyer_maker for trade in trades], pa.bool_()),
        _constant(source, len(trades)),
    ]
    return pa.table(columns, schema=SCHEMA)


def content_sha256(trades: Sequence[Trade]) -> str:
    """SHA-256 over the canonical lines ``id,price,qty,T in ms,true|false``, each ended by a newline."""
    lines = [
        f"{trade.trade_id},{trade.price},{trade.qty},{trade.trade_ts_us // 1000},"
        f"{'true' if trade.is_buyer_maker else 'false'}\n"
        for trade in trades
    ]
    return sha256("".join(lines).encode()).hexdigest()


def totals(table: pa.Table) -> Totals:
    """Sum what a kline sums: volume and quote volume, of all trades and of those that a taker bought."""
    quote = pc.multiply(table["price"], table["qty"])
    bought = pc.invert(table["is_buyer_maker"])
    return Totals(
        v=_sum(table["qty"]),
        q=_sum(quote),
        V=_sum(table["qty"].filter(bought)),
        Q=_sum(quote.filter(bought)),
    )


def decode(body: bytes, file_format: str) -> pa.Table:
    """Read a file that ``encode`` wrote back into a table of ``SCHEMA``."""
    if file_format == "parquet":
        # Arrow's own threads below ours have ended the process (6 of 250 runs, 8 readers, pyarrow 26.0.1).
        return pq.ParquetFile(io.BytesIO(body)).read(use_threads=False).cast(SCHEMA)
    text = io.BytesIO(gzip.decompress(body))
    if file_format == "csv":
        plain = pa_csv.read_csv(text, convert_options=pa_csv.ConvertOptions(column_types=_PLAIN))
    else:
        plain = pa_json.read_json(text, parse_options=pa_json.ParseOptions(explicit_schema=_PLAIN))
    return plain.cast(SCHEMA)


def _metadata(facts: Mapping[str, object]) -> dict[str, str]:
    return {**{name: str(value) for name, value in facts.items()}, "schema_version": str(SCHEMA_VERSION)}


def _decimals(name: str, texts: list[str]) -> pa.Array:
    field = SCHEMA.field(name)
    try:
        return pa.array(texts, pa.string()).cast(field.type)
    except pa.ArrowInvalid as error:
        raise InvalidRecord(f"a {name} does not fit {field.type}: {error}") from error


def _constant(word: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), [word])


def _sum(column: pa.ChunkedArray) -> str:
    return format(pc.sum(column, min_count=0).as_py(), "f")


def _write_parquet(
    table: pa.Table, trades: Sequence[Trade], facts: Mapping[str, object]
) -> tuple[bytes, int]:
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(_metadata(facts)),
        sink,
        compression="zstd",
        compression_level=3,
        use_dictionary=_DICTIONARY,
        column_encoding=dict.fromkeys(_DELTA, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        sorting_columns=[pq.SortingColumn(SCHEMA.get_field_index("trade_id"))],
    )
    body = sink.getvalue()
    footer = pq.read_metadata(io.BytesIO(body))
    return body, sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))


def _write_csv(table: pa.Table, trades: Sequence[Trade], facts: Mapping[str, object]) -> tuple[bytes, int]:
    sink = io.BytesIO()
    pa_csv.write_csv(_plain(table, trades), sink, pa_csv.WriteOptions(quoting_style="none"))
    return _gzip(sink.getvalue())


def _write_json_lines(
    table: pa.Table, trades: Sequence[Trade], facts: Mapping[str, object]
) -> tuple[bytes, int]:
    return _gzip(msgspec.json.Encoder().encode_lines(_plain(table, trades).to_pylist()))


def _plain(table: pa.Table, trades: Sequence[Trade]) -> pa.Table:
    """Hold decimals as text and times as integers: Arrow itself would write ``1E-8``."""
    text = {
        "symbol": table["symbol"].cast(pa.string()),
        "price": pa.array([trade.price for trade in trades]),
        "qty": pa.array([trade.qty for trade in trades]),
        "trade_time": table["trade_ts_us"],
        "source": table["source"].cast(pa.string()),
    }
    return pa.table({name: text[name] if name in text else table[name] for name in SCHEMA.names})


def _gzip(text: bytes) -> tuple[bytes, int]:
    return gzip.compress(text, mtime=0), len(text)


_WRITERS: dict[str, Callable[[pa.Table, Sequence[Trade], Mapping[str, object]], tuple[bytes, int]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_json_lines,
}

"""Trades as files: the same values in every format, to the last digit."""

import gzip
import io
import json

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InvalidRecord
from include.lake.encoding import FILE_FORMATS, SCHEMA, content_sha256, decode, encode, totals
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, Trade
from tests.include.lake.made import HOUR_US, decimals, totals_of, trade, trades

FORMATS = pytest.mark.parametrize("file_format", FILE_FORMATS)
US = st.integers(HOUR_US, HOUR_US + 59_999_999)
BATCHES = st.lists(
    st.tuples(decimals(PRICE_DIGITS), decimals(QTY_DIGITS), US, st.none() | US, US, st.booleans()),
    min_size=1,
    max_size=8,
).map(lambda rows: [Trade(4_200_000_000 + index, *row, "us") for index, row in enumerate(rows)])


def rows_of(table: pa.Table) -> list[tuple[object, ...]]:
    """What a trade holds, of every row: decimals as text."""
    names = ("trade_id", "price", "qty", "trade_ts_us", "event_ts_us", "ingest_ts_us", "is_buyer_maker")
    columns = [table[name].to_pylist() for name in names]
    return [
        (number, format(price, "f"), format(qty, "f"), *rest)
        for number, price, qty, *rest in zip(*columns, strict=True)
    ]


@FORMATS
@settings(max_examples=40)
@given(rows=BATCHES)
def test_a_file_gives_back_every_value(file_format, rows):
    table = decode(encode(rows, "BTCUSDT", "ws", file_format).body, file_format)
    assert table.schema.equals(SCHEMA)
    assert rows_of(table) == [msgspec.structs.astuple(row)[:-1] for row in rows]
    assert table["trade_time"].cast(pa.int64()).to_pylist() == [row.trade_ts_us for row in rows]
    assert set(table["symbol"].to_pylist()) == {"BTCUSDT"}
    assert set(table["source"].to_pylist()) == {"ws"}


@FORMATS
def test_a_batch_of_many_rows_comes_back_whole(file_format):
    """Readers of text work block by block: this is several blocks."""
    rows = trades(1, 30_000)
    assert rows_of(decode(encode(rows, "BTCUSDT", "rest", file_format).body, file_format)) == [
        msgspec.structs.astuple(row)[:-1] for row in rows
    ]


@FORMATS
@pytest.mark.parametrize(
    ("price", "qty"), [("0.00000001", "0.00000001"), ("9999999999.99999999", "99999999999.99999999")]
)
def test_the_edges_of_the_types(file_format, price, qty):
    batch = encode([trade(1, price=price, qty=qty)], "BTCUSDT", "ws", file_format)
    [row] = rows_of(decode(batch.body, file_format))
    assert row[1:3] == (price, qty)
    assert batch.totals == totals_of([trade(1, price=price, qty=qty)])


@pytest.mark.parametrize("field", [{"price": "10000000000.00000000"}, {"qty": "100000000000.00000000"}])
def test_a_value_beyond_its_column_is_refused(field):
    with pytest.raises(InvalidRecord, match=f"a {next(iter(field))} does not fit decimal128"):
        encode([trade(1, **field)], "BTCUSDT", "ws", "parquet")


def test_csv_has_a_header_decimals_as_text_and_empty_for_null():
    rows = [msgspec.structs.replace(trade(7, price="0.00000001"), event_ts_us=None)]
    lines = gzip.decompress(encode(rows, "BTCUSDT", "ws", "csv").body).decode().splitlines()
    assert lines[0].replace('"', "") == ",".join(SCHEMA.names)
    assert lines[1] == f"BTCUSDT,7,0.00000001,0.02000000,{HOUR_US},{HOUR_US},,{HOUR_US},false,ws"


def test_json_lines_hold_decimals_as_text_and_null():
    rows = [msgspec.structs.replace(trade(7, price="0.00000001"), event_ts_us=None)]
    [line] = gzip.decompress(encode(rows, "BTCUSDT", "ws", "jsonl").body).decode().splitlines()
    assert json.loads(line) == {
        "symbol": "BTCUSDT",
        "trade_id": 7,
        "price": "0.00000001",
        "qty": "0.02000000",
        "trade_time": HOUR_US,
        "trade_ts_us": HOUR_US,
        "event_ts_us": None,
        "ingest_ts_us": HOUR_US,
        "is_buyer_maker": False,
        "source": "ws",
    }


@FORMATS
def test_bytes_are_a_function_of_the_rows(file_format):
    one, other = (encode(trades(1, 500), "BTCUSDT", "ws", file_format) for _ in range(2))
    assert one == other


@given(BATCHES, US)
def test_content_is_the_same_for_two_clocks(rows, ingest_us):
    other = [msgspec.structs.replace(row, ingest_ts_us=ingest_us, event_ts_us=None) for row in rows]
    assert content_sha256(rows) == content_sha256(other)


@pytest.mark.parametrize(
    "change",
    [
        {"trade_id": 2},
        {"price": "61837.63000001"},
        {"qty": "0.02000001"},
        {"trade_ts_us": HOUR_US + 1000},
        {"is_buyer_maker": True},
    ],
)
def test_any_other_change_changes_the_content(change):
    assert content_sha256([trade(1)]) != content_sha256([msgspec.structs.replace(trade(1), **change)])


def test_content_is_compared_in_milliseconds():
    """One source has microseconds, the other cuts them off: the coarser decides."""
    assert content_sha256([trade(1, 0.000999)]) == content_sha256([trade(1, 0)])


def test_parquet_is_laid_out_as_the_contract_says():
    file = pq.ParquetFile(io.BytesIO(encode(trades(1, 4000), "BTCUSDT", "ws", "parquet").body))
    group = file.metadata.row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert not any("BYTE_STREAM_SPLIT" in column.encodings for column in columns.values())
    for name in ("trade_id", "trade_time", "trade_ts_us", "event_ts_us", "ingest_ts_us", "price"):
        assert "DELTA_BINARY_PACKED" in columns[name].encodings, name
        assert columns[name].physical_type == "INT64", name
    for name in ("symbol", "source", "qty"):
        assert columns[name].has_dictionary_page, name
    assert group.sorting_columns == (pq.SortingColumn(SCHEMA.get_field_index("trade_id")),)


def test_the_footer_and_the_metadata_carry_the_facts():
    rows = [*trades(10, 11), msgspec.structs.replace(trade(12, 0.5), time_precision="ms")]
    batch = encode(rows, "BTCUSDT", "ws", "parquet")
    footer = {
        key.decode(): value.decode()
        for key, value in pq.read_metadata(io.BytesIO(batch.body)).metadata.items()
    }
    expected = {
        "first_id": "10",
        "last_id": "12",
        "rows": "3",
        "min_ts": str(HOUR_US),
        "max_ts": str(HOUR_US + 500_000),
        "time_precision": "ms",
        "content_sha256": content_sha256(rows),
        "schema_version": "1",
    }
    assert expected.items() <= footer.items()
    assert batch.metadata == expected | {"sha256": batch.sha256, "bytes": str(len(batch.body))}


def test_sums_of_the_largest_values_do_not_overflow():
    rows = [trade(index, price="1.00000000", qty="99999999999.99999999") for index in range(4000)]
    assert totals(decode(encode(rows, "BTCUSDT", "ws", "parquet").body, "parquet")) == totals_of(rows)

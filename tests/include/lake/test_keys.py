"""Names of objects: the contract's own spelling."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

import pytest

from include.lake.keys import TradeKeys, batch_name, format_of

KEYS = TradeKeys("Binance/BTCUSDT/")
MINUTE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_keys_of_a_minute():
    assert KEYS.minute(MINUTE) == "Binance/BTCUSDT/2026/01/02/03/04/"
    assert KEYS.manifest(MINUTE) == "Binance/BTCUSDT/2026/01/02/03/04/_manifest.json"


@pytest.mark.parametrize(
    ("file_format", "ending"), [("parquet", ".parquet"), ("csv", ".csv.gz"), ("jsonl", ".jsonl.gz")]
)
def test_a_batch_ends_with_its_format(file_format, ending):
    assert KEYS.batch(MINUTE, "batch-x", file_format) == f"Binance/BTCUSDT/2026/01/02/03/04/batch-x{ending}"


def test_a_batch_tells_its_format():
    for file_format in ("parquet", "csv", "jsonl"):
        assert format_of(KEYS.batch(MINUTE, "batch-x", file_format)) == file_format


def test_keys_of_an_hour():
    assert KEYS.status(MINUTE) == "Binance/BTCUSDT/2026/01/02/03/_STATUS.json"
    assert KEYS.ready(MINUTE) == "Binance/BTCUSDT/2026/01/02/03/_READY.json"
    assert KEYS.ready_version(MINUTE, 12) == "Binance/BTCUSDT/2026/01/02/03/_ready/v0012.json"


def test_a_batch_is_named_by_its_ids_alone():
    name = batch_name("Binance", "BTCUSDT", "trade", 1, 4000)
    assert name == f"batch-{uuid5(NAMESPACE_URL, 'Binance/BTCUSDT/trade/1/4000')}"
    others = [("Other", "BTCUSDT", 1, 4000), ("Binance", "ETHUSDT", 1, 4000), ("Binance", "BTCUSDT", 1, 3999)]
    assert all(batch_name(source, symbol, "trade", *span) != name for source, symbol, *span in others)


def test_the_minute_of_a_manifest_is_read_from_its_key():
    assert KEYS.minute_of_manifest(KEYS.manifest(MINUTE)) == MINUTE
    assert KEYS.minute_of_manifest(KEYS.status(MINUTE)) is None
    assert KEYS.minute_of_manifest(KEYS.batch(MINUTE, "batch-x", "csv")) is None

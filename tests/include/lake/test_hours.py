"""Hours in the bucket: catalog, writing, judging, settling, sealing, reading, on a real server."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import msgspec
import pytest

from include.errors import ContentConflict, InvalidRecord
from include.lake.batching import Grid, batches
from include.lake.catalog import CatalogEntry, read_catalog, register
from include.lake.encoding import SCHEMA, totals
from include.lake.hours import Hours
from include.lake.keys import CATALOG
from include.lake.manifest import Addition, Gap, manifest_from_json
from include.lake.manifests import ManifestStore
from include.lake.reading import read_hour
from include.lake.sealing import Ready, Status
from include.lake.summary import summarise
from include.lake.times import MINUTE_US, minute_of
from include.lake.trade import Trade
from include.lake.writing import BatchWriter
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.include.lake.made import HOUR, HOUR_US, SYMBOL, kline_of, minute, trade
from tests.include.stores.test_s3 import store_at

pytestmark = pytest.mark.integration

NOW = HOUR + timedelta(hours=2)
LATER = NOW + timedelta(hours=1)
READY = "Binance/BTCUSDT/2026/11/20/05/_READY.json"
STATUS = "Binance/BTCUSDT/2026/11/20/05/_STATUS.json"


def entry(**changes: object) -> CatalogEntry:
    known = CatalogEntry(
        symbol=SYMBOL,
        data_source="Binance",
        pair="btcusdt",
        prefix="Binance/BTCUSDT/",
        streams=["trade"],
        collected_from=HOUR - timedelta(hours=3),
    )
    return msgspec.structs.replace(known, **changes)


@dataclass
class Lake:
    """A bucket into which a test writes as the collector does."""

    bucket: Bucket
    store: S3Store

    def write(
        self,
        trades: list[Trade],
        *,
        file_format: str = "parquet",
        source: str = "ws",
        klines: bool = True,
    ) -> None:
        """Write trades into their minutes, each closed and certified by its kline."""
        by_minute = [list(group) for _, group in groupby(trades, lambda held: minute_of(held.trade_ts_us))]
        writer = BatchWriter(self.store, entry().keys, "Binance", SYMBOL, source, file_format)

        def write_minute(held: list[Trade]) -> None:
            number = (held[0].trade_ts_us - HOUR_US) // MINUTE_US
            objects = [writer.put(batch) for batch in batches(held, Grid(max_trades=10))]
            self.add(number, objects=objects, kline=kline_of(number, held) if klines else None, closed=True)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write_minute, by_minute))

    def add(self, number: int, **facts: object) -> bool:
        addition = Addition(symbol=SYMBOL, minute=minute(number), collector="test", **facts)
        return ManifestStore(self.store, entry().keys).add(addition)

    def ready(self) -> Ready:
        return msgspec.json.decode(self.bucket.get(READY), type=Ready)

    def versions(self) -> list[str]:
        return [key.rsplit("/", 1)[1] for key in self.bucket.keys(READY.replace("_READY.json", "_ready/"))]

    def writes(self) -> dict[str, tuple[str, datetime]]:
        """Every object, and by what one knows that it was written again."""
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name)
        held = [found for page in pages for found in page.get("Contents", [])]
        return {found["Key"]: (found["ETag"], found["LastModified"]) for found in held}


@pytest.fixture
def lake(bucket: Bucket) -> Lake:
    return Lake(bucket, store_at(bucket.endpoint, bucket.name))


def hour_of_trades() -> list[Trade]:
    """One a minute, from the last minute before the hour to the first one after it; none at 05:30."""
    numbers = [number for number in range(-1, 61) if number != 30]
    return [trade(5000 + index, 60 * number + 5) for index, number in enumerate(numbers)]


# --- catalog ----------------------------------------------------------------------------------------------


def test_an_empty_lake_has_an_empty_catalog(lake: Lake):
    assert read_catalog(lake.store).symbols == {}


def test_collectors_that_register_at_once_are_all_there(lake: Lake):
    starts = {f"S{number}": HOUR + timedelta(minutes=number) for number in range(6)}
    racing = [
        entry(symbol=symbol, collected_from=start + timedelta(hours=later))
        for symbol, start in starts.items()
        for later in range(2)
    ]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda known: register(lake.store, known), racing))
    catalog = read_catalog(lake.store)
    assert {symbol: held.collected_from for symbol, held in catalog.symbols.items()} == starts


def test_to_register_again_writes_nothing(lake: Lake):
    register(lake.store, entry())
    before = lake.writes()
    register(lake.store, entry(collected_from=HOUR))
    assert lake.writes() == before


def test_a_symbol_that_is_collected_again_goes_on(lake: Lake):
    register(lake.store, entry(collected_to=HOUR))
    register(lake.store, entry(collected_from=NOW, file_format="csv"))
    held = read_catalog(lake.store).symbols[SYMBOL]
    assert (held.collected_from, held.collected_to, held.file_format) == (entry().collected_from, None, "csv")


def test_the_catalog_speaks_of_from_and_to(lake: Lake):
    register(lake.store, entry())
    held = msgspec.json.decode(lake.bucket.get(CATALOG))["symbols"][SYMBOL]
    assert (held["from"], held["to"]) == ("2026-11-20T02:00:00Z", None)


def test_a_damaged_catalog_is_named(lake: Lake):
    lake.bucket.put(CATALOG, b"{")
    with pytest.raises(InvalidRecord, match=r"^_catalog.json is not a catalog: .*: correct it by hand$"):
        read_catalog(lake.store)
    with pytest.raises(InvalidRecord):
        register(lake.store, entry())
    assert lake.bucket.get(CATALOG) == b"{"


@pytest.mark.parametrize(
    ("start", "end", "covered"),
    [(-3, -2, True), (-4, -3, False), (1, 2, True), (2, 3, False)],
)
def test_what_the_catalog_covers(start, end, covered):
    held = entry(collected_to=HOUR + timedelta(hours=2))
    assert held.covers(HOUR + timedelta(hours=start), HOUR + timedelta(hours=end)) is covered


# --- writing ----------------------------------------------------------------------------------------------


def test_a_batch_that_two_write_is_one_object(lake: Lake):
    """Their clocks differ, so do their bytes; the manifest tells the hash of what stands."""
    keys = entry().keys
    writer = BatchWriter(lake.store, keys, "Binance", SYMBOL, "ws", "parquet")
    first = writer.put([trade(1, ingest_us=1)])
    second = writer.put([trade(1, ingest_us=2)])
    assert first == second
    assert lake.bucket.keys() == [first.key]
    assert len(lake.bucket.get(first.key)) == first.bytes


def test_other_trades_under_the_same_ids_are_a_conflict(lake: Lake):
    writer = BatchWriter(lake.store, entry().keys, "Binance", SYMBOL, "ws", "parquet")
    writer.put([trade(1)])
    with pytest.raises(ContentConflict):
        writer.put([trade(1, qty="0.02000001")])


def test_a_batch_lies_in_the_minute_of_its_trades(lake: Lake):
    writer = BatchWriter(lake.store, entry().keys, "Binance", SYMBOL, "rest", "csv")
    held = writer.put([trade(1, 3599.999999)])
    assert held.key.startswith("Binance/BTCUSDT/2026/11/20/05/59/batch-")
    assert held.key.endswith(".csv.gz")
    assert held.source == "rest"


def test_writers_that_race_for_a_manifest_are_all_in_it(lake: Lake):
    def add(number: int) -> bool:
        gap = Gap(number * 10, number * 10 + 1, "gap")
        addition = Addition(symbol=SYMBOL, minute=HOUR, gaps=[gap], collector=f"c{number}")
        return ManifestStore(lake.store, entry().keys).add(addition)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add, range(1, 9)))
    [key] = lake.bucket.keys()
    manifest = manifest_from_json(lake.bucket.get(key), key)
    assert (len(manifest.gaps), manifest.revision, len(manifest.collectors)) == (8, 8, 8)


# --- sealing ----------------------------------------------------------------------------------------------


def test_a_complete_hour_is_sealed_once(lake: Lake):
    lake.write(
        hour_of_trades(),
    )
    status = Hours(lake.store, entry()).seal(HOUR, NOW)
    assert (status.condition, status.reasons, status.count, status.version) == ("available", [], 59, 1)
    assert (status.first_id, status.last_id, status.kline_matches) == (5001, 5059, None)
    ready = lake.ready()
    assert (ready.version, ready.count, ready.sealed_at) == (1, 59, NOW)
    assert len(ready.manifests) == 60
    etags = {key: lake.store.get(key).etag for key in ready.manifests}
    assert ready.manifests == etags
    assert lake.versions() == ["v0001.json"]
    before = lake.writes()
    assert Hours(lake.store, entry()).seal(HOUR, LATER) == status
    assert lake.writes() == before


def test_a_minute_without_trades_gets_a_manifest(lake: Lake):
    lake.write(hour_of_trades())
    Hours(lake.store, entry()).seal(HOUR, NOW)
    manifest = manifest_from_json(lake.bucket.get(entry().keys.manifest(minute(30))), "")
    assert (manifest.condition, manifest.count, manifest.closed) == ("available", 0, True)


def test_an_hour_with_a_hole_has_a_status_and_no_readiness(lake: Lake):
    lake.write([held for held in hour_of_trades() if held.trade_id != 5010])
    status = Hours(lake.store, entry()).seal(HOUR, NOW)
    assert (status.condition, [finding.reason for finding in status.reasons]) == ("degraded", ["gap"])
    before = lake.writes()
    assert STATUS in before
    assert READY not in before
    Hours(lake.store, entry()).seal(HOUR, LATER)
    assert lake.writes() == before


def test_an_hour_that_is_healed_becomes_ready(lake: Lake):
    hours = Hours(lake.store, entry())
    lake.write([held for held in hour_of_trades() if held.trade_id != 5010])
    assert hours.seal(HOUR, NOW).version == 1
    lake.write([held for held in hour_of_trades() if held.trade_id == 5010], source="rest")
    status = hours.seal(HOUR, LATER)
    assert (status.condition, status.version, status.sources) == ("available", 2, {"rest": 1, "ws": 58})
    assert lake.ready().version == 1


def test_a_change_after_the_seal_raises_the_version_and_keeps_the_old(lake: Lake):
    hours = Hours(lake.store, entry())
    lake.write(hour_of_trades())
    hours.seal(HOUR, NOW)
    first = lake.bucket.get(READY)
    lake.add(7, watermark=10**16)
    hours.seal(HOUR, LATER)
    assert lake.ready().version == 2
    assert lake.versions() == ["v0001.json", "v0002.json"]
    assert lake.bucket.get(READY.replace("_READY.json", "_ready/v0001.json")) == first
    assert lake.bucket.get(READY.replace("_READY.json", "_ready/v0002.json")) == lake.bucket.get(READY)


def test_a_crash_between_history_and_readiness_is_made_good(lake: Lake):
    hours = Hours(lake.store, entry())
    lake.write(hour_of_trades())
    hours.seal(HOUR, NOW)
    sealed = lake.bucket.get(READY)
    lake.bucket.client.delete_object(Bucket=lake.bucket.name, Key=READY)
    hours.seal(HOUR, LATER)
    assert lake.bucket.get(READY) == sealed
    assert lake.versions() == ["v0001.json"]


def test_a_crash_and_then_a_change_give_the_next_version(lake: Lake):
    hours = Hours(lake.store, entry())
    lake.write(hour_of_trades())
    hours.seal(HOUR, NOW)
    lake.bucket.client.delete_object(Bucket=lake.bucket.name, Key=READY)
    lake.add(7, watermark=10**16)
    hours.seal(HOUR, LATER)
    assert lake.ready().version == 2
    assert lake.versions() == ["v0001.json", "v0002.json"]


def test_edges_that_the_neighbours_answer_are_settled(lake: Lake):
    """A collector stopped at 04:59 and one began at 05:00; nothing is missing between."""
    lake.write(hour_of_trades())
    lake.add(0, gaps=[Gap(None, 5000, "collection_start")])
    lake.add(59, gaps=[Gap(5060, None, "collection_end")])
    assert Hours(lake.store, entry()).seal(HOUR, NOW).minutes == {"available": 60}


def test_a_gap_of_two_hours_that_is_healed_is_settled_in_both(lake: Lake):
    lake.write(hour_of_trades())
    lake.add(3, gaps=[Gap(4000, 5003, "gap")])
    status = Hours(lake.store, entry()).seal(HOUR, NOW)
    assert (status.condition, status.minutes) == ("available", {"available": 60})


def test_the_neighbours_are_looked_for_over_empty_hours(lake: Lake):
    lake.write([trade(1, -7200), *(trade(2 + n, 60 * n) for n in range(60)), trade(62, 7200)])
    assert Hours(lake.store, entry()).seal(HOUR, NOW + timedelta(hours=3)).condition == "available"


def test_nothing_is_looked_for_before_the_collection_and_after_now(lake: Lake):
    lake.write(hour_of_trades(), klines=False)
    for known, now, reason in (
        (entry(collected_from=HOUR), NOW, "collection_start"),
        (entry(), HOUR + timedelta(minutes=59), "collection_end"),
    ):
        findings = Hours(lake.store, known).judge(HOUR, now).report.findings
        assert [finding.reason for finding in findings] == [reason]


@pytest.mark.parametrize("key", [STATUS, READY])
def test_a_damaged_document_is_named(lake: Lake, key: str):
    lake.write(hour_of_trades())
    lake.bucket.put(key, b"{}")
    kind = Status if key == STATUS else Ready
    with pytest.raises(InvalidRecord, match=f"^{key} does not hold a {kind.__name__}: "):
        Hours(lake.store, entry()).seal(HOUR, NOW)


# --- reading ----------------------------------------------------------------------------------------------


def test_an_hour_is_read_in_id_order_whatever_the_formats(lake: Lake):
    trades = hour_of_trades()
    lake.write(trades[:20])
    lake.write(trades[20:40], file_format="csv")
    lake.write(trades[40:], file_format="jsonl")
    table = read_hour(lake.store, entry(file_format="jsonl"), HOUR)
    assert table.schema.equals(SCHEMA)
    assert table["trade_id"].to_pylist() == list(range(5001, 5060))


def test_an_object_that_no_manifest_lists_is_not_read(lake: Lake):
    lake.write(hour_of_trades())
    BatchWriter(lake.store, entry().keys, "Binance", SYMBOL, "ws", "parquet").put([trade(9999, 5)])
    assert 9999 not in read_hour(lake.store, entry(), HOUR)["trade_id"].to_pylist()


def test_an_empty_hour_is_an_empty_table(lake: Lake):
    table = read_hour(lake.store, entry(), HOUR)
    assert table.schema.equals(SCHEMA)
    assert summarise(table) == {
        "count": 0,
        "first_id": None,
        "last_id": None,
        "high": None,
        "low": None,
        "volume": "0.00000000",
        "quote_volume": "0.0000000000000000",
        "vwap": None,
    }


def test_the_summary_of_an_hour(lake: Lake):
    dear = trade(1, 1, price="10.00000000", qty="1.00000000")
    lake.write([dear, trade(2, 2, price="0.00000001", qty="2.00000000")])
    table = read_hour(lake.store, entry(), HOUR)
    assert summarise(table) == {
        "count": 2,
        "first_id": 1,
        "last_id": 2,
        "high": "10.00000000",
        "low": "0.00000001",
        "volume": "3.00000000",
        "quote_volume": "10.0000000200000000",
        "vwap": "3.33333334",
    }
    assert Decimal(totals(table).q) == Decimal("10.00000002")


def test_times_are_utc(lake: Lake):
    lake.write([trade(1, 1.5)])
    assert read_hour(lake.store, entry(), HOUR)["trade_time"].to_pylist() == [
        datetime(2026, 11, 20, 5, 0, 1, 500_000, UTC)
    ]

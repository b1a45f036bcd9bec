"""The collector as a process: a market at high speed, faults in its middle, and what the lake then holds."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import psutil
import pytest

from demo.processes import ChildProcess
from demo.seaweed import S3Endpoint, Seaweed
from include.lake.catalog import read_catalog
from include.lake.intervals import overlaps, size, union
from tests.collector.running import (
    Collector,
    Exchange,
    Lake,
    collector,
    exchange,
    published_values,
    values_of,
    wait_until,
)
from tests.conftest import Bucket
from tests.include.lake.made import tape_files
from tests.include.stores.test_s3 import store_at

pytestmark = pytest.mark.integration

MARKET = ("--minutes=3", "--lead-minutes=0", "--tail-minutes=0", "--speed=50", "--trades-per-second=40")
FIRST_ID = 4_200_000_000


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Exchange]:
    with exchange(tmp_path / "exchange", *MARKET) as held:
        yield held


@pytest.fixture
def long_market(tmp_path: Path) -> Iterator[Exchange]:
    """One that goes on for some seconds more, for a collector that has to come back."""
    with exchange(tmp_path / "exchange", *MARKET, "--minutes=10", "--trades-per-second=25") as held:
        yield held


def drain(held: Collector, market: Exchange) -> None:
    """Let the market end and the collector hear it; then end it."""
    market.wait_for_end()
    held.wait_for(max(market.ids()))
    assert held.process.stop() == 0, held.log()


def test_every_published_trade_is_in_the_lake_once_and_klines_agree(
    market: Exchange, bucket: Bucket, tmp_path: Path
):
    with collector(tmp_path / "one", bucket, market.url) as held:
        held.wait_connected()
        market.start()
        drain(held, market)
    lake = Lake(bucket)
    published = market.published()
    assert len(published) > 5000
    assert lake.ids == [int(row["trade_id"]) for row in published]
    assert values_of(lake.table()) == published_values(published)
    assert lake.unlisted() == []
    assert lake.open_edges == ["collection_start", "collection_end"]
    assert lake.gap_ids == set()
    middle = lake.manifests[1:-1]
    assert {(manifest.condition, manifest.kline_matches) for manifest in middle} == {("available", True)}
    assert 0 in {manifest.count for manifest in middle}, "the market has a minute without a trade"
    assert list((tmp_path / "one" / "spool").rglob("*.journal")) == []
    assert_every_reader_reads_the_same(lake, tmp_path, published_values(published))


def assert_every_reader_reads_the_same(lake: Lake, folder: Path, expected: list[tuple[object, ...]]) -> None:
    """pandas, DuckDB and Polars, each minute's listed objects, to the last digit."""
    names = ["trade_id", "price", "qty", "trade_ts_us", "is_buyer_maker"]
    by_pandas, by_duckdb, by_polars = [], [], []
    for manifest in lake.manifests:
        files = [folder / Path(held.key).name for held in manifest.objects]
        for file, held in zip(files, manifest.objects, strict=True):
            file.write_bytes(lake.bucket.get(held.key))
            by_pandas += list(pd.read_parquet(file)[names].itertuples(index=False, name=None))
            by_polars += pl.read_parquet(file).select(names).rows()
        if files:
            rows = duckdb.read_parquet(list(map(str, files))).select(*names).order("trade_id")
            by_duckdb += rows.fetchall()
    for rows_read in (by_pandas, by_duckdb, by_polars):
        assert [(row[0], f"{row[1]:f}", f"{row[2]:f}", row[3], bool(row[4])) for row in rows_read] == expected


def test_a_kill_in_the_middle_leaves_exactly_the_gaps_that_the_manifests_list(
    long_market: Exchange, bucket: Bucket, tmp_path: Path
):
    with collector(tmp_path / "one", bucket, long_market.url) as held:
        held.wait_connected()
        long_market.start()
        held.wait_for(FIRST_ID + 1500)
        held.kill()
        long_market.wait_for_trades(3000)
        held.start()
        drain(held, long_market)
    lake = Lake(bucket)
    missing = long_market.ids() - set(lake.ids)
    assert len(missing) > 100
    assert missing == lake.gap_ids
    assert len(lake.ids) == len(set(lake.ids))
    assert lake.unlisted() == []


def test_a_reset_of_one_connection_at_a_time_loses_nothing(market: Exchange, bucket: Bucket, tmp_path: Path):
    with collector(tmp_path / "one", bucket, market.url) as held:
        held.wait_connected()
        market.start()
        for number in range(2):
            market.wait_for_trades(1000 + 2000 * number)
            held.wait_connected()
            market.fault(kind="reset_connections", connection=number + 1)
        drain(held, market)
    lake = Lake(bucket)
    assert lake.ids == sorted(market.ids())
    assert lake.gap_ids == set()


def test_a_reset_of_all_connections_leaves_exactly_the_gaps_that_the_manifests_list(
    long_market: Exchange, bucket: Bucket, tmp_path: Path
):
    with collector(tmp_path / "one", bucket, long_market.url) as held:
        held.wait_connected()
        long_market.start()
        for count in (1000, 5000):
            long_market.wait_for_trades(count)
            long_market.fault(kind="reset_connections")
            held.wait_connected()
        drain(held, long_market)
    lake = Lake(bucket)
    missing = long_market.ids() - set(lake.ids)
    assert missing
    assert missing == lake.gap_ids
    assert len(lake.ids) == len(set(lake.ids))
    for manifest in lake.manifests:
        assert (manifest.condition == "available") <= (manifest.kline_matches is not False)


def test_trades_that_the_exchange_withholds_are_gaps(market: Exchange, bucket: Bucket, tmp_path: Path):
    with collector(tmp_path / "one", bucket, market.url) as held:
        held.wait_connected()
        first = FIRST_ID + 500
        market.fault(kind="withhold", symbol="BTCUSDT", first_id=first, last_id=first + 9)
        market.start()
        drain(held, market)
    lake = Lake(bucket)
    assert lake.gap_ids == market.ids() - set(lake.ids) == set(range(first, first + 10))


# --- S3 that goes away ------------------------------------------------------------------------------------


class OwnServer:
    """A SeaweedFS of one test, which may be killed and started again at the same place."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        server = Seaweed(directory)
        server.wait_ready()
        self.endpoint: S3Endpoint = server.endpoint
        self._process = server.process
        running = psutil.Process(server.process.pid)
        self._command, self._environment = running.cmdline(), running.environ()

    def kill(self) -> None:
        psutil.Process(self._process.pid).kill()
        wait_until(lambda: self._process.exit_code is not None, "the end of the server")

    def start(self) -> None:
        self._process = ChildProcess(
            "seaweed",
            self._command,
            log_folder=self._directory,
            directory=self._directory,
            environment=self._environment,
        )

    def stop(self) -> None:
        self._process.stop()

    def bucket(self) -> Bucket:
        client = self.endpoint.client()
        client.create_bucket(Bucket="lake")
        return Bucket("lake", client, self.endpoint)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    held = OwnServer(tmp_path / "seaweed")
    try:
        yield held
    finally:
        held.stop()


def test_a_server_that_is_killed_and_comes_back_costs_nothing(
    market: Exchange, server: OwnServer, tmp_path: Path
):
    bucket = server.bucket()
    with collector(tmp_path / "one", bucket, market.url) as held:
        held.wait_connected()
        market.start()
        market.wait_for_trades(1500)
        server.kill()
        market.wait_for_trades(5000)
        wait_until(lambda: held.symbol()["upload_failures"] > 0, "a failed upload")
        server.start()
        drain(held, market)
    lake = Lake(bucket)
    assert lake.ids == sorted(market.ids())
    assert lake.gap_ids == set()
    assert lake.unlisted() == []


def test_sigterm_without_s3_ends_well_and_the_next_start_uploads_everything(
    market: Exchange, server: OwnServer, tmp_path: Path
):
    bucket = server.bucket()
    with collector(tmp_path / "one", bucket, market.url, SHUTDOWN_SECONDS=0.5) as held:
        held.wait_connected()
        server.kill()
        market.start()
        market.wait_for_end()
        held.wait_for(max(market.ids()))
        assert held.process.stop() == 0
        assert "the journal keeps" in held.log()
        server.start()
        held.start()
        wait_until(lambda: held.symbol().get("uploaded_trades") == len(market.ids()), "all uploads")
        assert held.process.stop() == 0
    lake = Lake(bucket)
    assert lake.ids == sorted(market.ids())
    assert lake.gap_ids == set()
    assert list((tmp_path / "one" / "spool").rglob("*.journal")) == []


# --- two collectors ---------------------------------------------------------------------------------------


def test_two_collectors_write_whole_slots_once(market: Exchange, bucket: Bucket, tmp_path: Path):
    """The second begins in the middle; the first is killed later, and starts again."""
    with (
        collector(tmp_path / "one", bucket, market.url, BATCH_MAX_TRADES=500) as one,
        collector(tmp_path / "two", bucket, market.url, BATCH_MAX_TRADES=500) as two,
    ):
        one.wait_connected()
        two.wait_connected()
        market.start()
        drain(one, market)
        drain(two, market)
    lake = Lake(bucket)
    assert lake.ids == sorted(market.ids())
    assert lake.unlisted() == []
    assert all(manifest.collectors == ["one", "two"] for manifest in lake.manifests)


def test_a_second_collector_overlaps_only_where_it_began_inside_a_slot(
    long_market: Exchange, bucket: Bucket, tmp_path: Path
):
    slot = 500
    with (
        collector(tmp_path / "one", bucket, long_market.url, BATCH_MAX_TRADES=slot) as one,
        collector(tmp_path / "two", bucket, long_market.url, BATCH_MAX_TRADES=slot) as two,
    ):
        one.wait_connected()
        two.wait_connected()
        two.kill()
        long_market.start()
        long_market.wait_for_trades(1500)
        two.start()
        two.wait_for(FIRST_ID + 4000)
        one.kill()
        drain(two, long_market)
        one.start()
        one.wait_connected()
        assert one.process.stop() == 0
    lake = Lake(bucket)
    assert union(lake.spans) == [(min(long_market.ids()), max(long_market.ids()))]
    twice = overlaps(lake.spans)
    assert all((first - 1) // slot == (last - 1) // slot for first, last in twice)
    assert size(twice) < 2 * slot
    assert lake.unlisted() == []


# --- the recorded tape ------------------------------------------------------------------------------------


def test_the_recorded_day_change_is_complete(bucket: Bucket, tmp_path: Path):
    tapes = ",".join(map(str, tape_files()))
    with (
        exchange(tmp_path / "exchange", f"--tape={tapes}", "--speed=400") as market,
        collector(tmp_path / "one", bucket, market.url) as held,
    ):
        held.wait_connected()
        market.start()
        drain(held, market)
        published = market.published()
    lake = Lake(bucket)
    assert lake.ids == list(range(3735683259, 3735703163))
    assert len(lake.ids) == 19_904
    assert values_of(lake.table()) == published_values(published)
    assert lake.open_edges == ["collection_start", "collection_end"]
    assert lake.gap_ids == set()
    days = {manifest.minute.date().isoformat() for manifest in lake.manifests}
    assert days == {"2024-08-08", "2024-08-09"}
    assert {manifest.kline for manifest in lake.manifests} == {None}
    assert {manifest.condition for manifest in lake.manifests[1:-1]} == {"available"}
    assert_every_reader_reads_the_same(lake, tmp_path, published_values(published))


# --- several symbols, and the other formats ---------------------------------------------------------------


def test_two_symbols_in_one_process(bucket: Bucket, tmp_path: Path):
    options = [*MARKET, "--trades-per-second=20", "--symbols=BTCUSDT,ETHUSDT"]
    symbols = ("BTCUSDT", "ETHUSDT")
    told = {"ASSET_SYMBOL": ",".join(symbols), "S3_PREFIX": "raw/{symbol}", "FILE_FORMAT": "csv"}
    with (
        exchange(tmp_path / "exchange", *options) as market,
        collector(tmp_path / "one", bucket, market.url, **told) as held,
    ):
        held.wait_connected()
        market.start()
        market.wait_for_end()
        for symbol in symbols:
            held.wait_for(max(market.ids(symbol)), symbol)
        assert held.process.stop() == 0
        published = {symbol: sorted(market.ids(symbol)) for symbol in symbols}
    for symbol in symbols:
        lake = Lake(bucket, f"raw/{symbol}/")
        assert lake.ids == published[symbol]
        objects = [entry.key for manifest in lake.manifests for entry in manifest.objects]
        assert all(key.endswith(".csv.gz") for key in objects)
    catalog = read_catalog(store_at(bucket.endpoint, bucket.name)).symbols
    assert {symbol: entry.prefix for symbol, entry in catalog.items()} == {
        "BTCUSDT": "raw/BTCUSDT/",
        "ETHUSDT": "raw/ETHUSDT/",
    }

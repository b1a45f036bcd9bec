"""One symbol's way from frames to S3, with a real journal and a real server."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from collector.journal import Journal
from collector.pipeline import Pipeline, deliver_within
from collector.uploader import Destination, Uploader
from include.binance.frames import TradeEvent
from include.errors import LakeError
from include.lake.batching import Grid
from include.lake.intervals import overlaps, size, union
from include.lake.keys import TradeKeys
from include.lake.manifest import Manifest, manifest_from_json
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.include.lake.made import HOUR_US, SYMBOL
from tests.include.stores.proxy import FaultProxy, fault_proxy
from tests.include.stores.test_s3 import store_at

pytestmark = pytest.mark.integration


@dataclass
class Lake:
    """The bucket of one pipeline after another: what its manifests list."""

    bucket: Bucket
    store: S3Store
    directory: Path

    def pipeline(self, spool_max_bytes: int = 2**30) -> Pipeline:
        destination = Destination("Binance", SYMBOL, "btcusdt", "Binance/BTCUSDT/", "parquet", Grid(), "me")
        uploader = Uploader(self.store, destination, Event())
        return Pipeline(Journal(self.directory, SYMBOL), uploader, spool_max_bytes)

    @property
    def manifests(self) -> list[Manifest]:
        keys = [key for key in self.bucket.keys("Binance/") if TradeKeys.minute_of_manifest(key)]
        return [manifest_from_json(self.bucket.get(key), key) for key in keys]

    @property
    def intervals(self) -> list[tuple[int, int]]:
        """Ids that the manifests list; an id that stands twice is an error."""
        listed = [held.interval for manifest in self.manifests for held in manifest.objects]
        assert overlaps(listed) == []
        return union(listed)


@pytest.fixture
def proxy(bucket: Bucket) -> Iterator[FaultProxy]:
    with fault_proxy(bucket.endpoint) as held:
        yield held


@pytest.fixture
def lake(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> Lake:
    return Lake(bucket, store_at(proxy.endpoint, bucket.name, attempts=0), tmp_path / "journal")


def event(trade_id: int, second: float) -> TradeEvent:
    time_us = HOUR_US + round(second * 1_000_000)
    return TradeEvent(time_us, SYMBOL, trade_id, "61837.63000000", "0.02000000", time_us, False)


def send(pipeline: Pipeline, first_id: int, last_id: int, second: float) -> None:
    for trade_id in range(first_id, last_id + 1):
        pipeline.trade(event(trade_id, second))


async def commit(pipeline: Pipeline) -> None:
    """What ``keep`` does, at once and with every hole given up."""
    pipeline.sequencer.flush(0.0)
    await pipeline._commit()


async def finish(pipeline: Pipeline, delivery: asyncio.Task[None], seconds: float = 60.0) -> bool:
    await pipeline.finish()
    delivered = await deliver_within(pipeline, delivery, seconds)
    pipeline.close(delivered=delivered)
    return delivered


async def kill(pipeline: Pipeline, delivery: asyncio.Task[None]) -> None:
    """End without a word: what is in memory is gone."""
    pipeline.uploader.stop.set()
    delivery.cancel()
    with suppress(asyncio.CancelledError, LakeError):
        await delivery
    pipeline._network.shutdown()
    pipeline._disk.shutdown()
    pipeline.journal.close()


async def test_what_is_received_is_listed_and_the_journal_is_empty(lake: Lake):
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 1, 50, 1)
    send(pipeline, 51, 60, 61)
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 60)]
    assert list(lake.directory.glob("*.journal")) == []
    assert [manifest.condition for manifest in lake.manifests] == ["degraded", "degraded"]
    assert [gap.reason for manifest in lake.manifests for gap in manifest.gaps] == [
        "collection_start",
        "collection_end",
    ]


async def test_what_came_while_an_upload_was_under_way_is_delivered_too(lake: Lake, proxy: FaultProxy):
    """SIGTERM in the middle of a slow upload."""
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 1, 10, 1)
    send(pipeline, 11, 20, 61)
    proxy.open.clear()
    await commit(pipeline)
    await asyncio.to_thread(proxy.held.wait)
    send(pipeline, 21, 30, 62)
    await pipeline.finish()
    proxy.open.set()
    assert await deliver_within(pipeline, delivery, 60)
    pipeline.close(delivered=True)
    assert lake.intervals == [(1, 30)]


async def test_what_s3_did_not_take_in_time_is_delivered_by_the_next_start(lake: Lake, proxy: FaultProxy):
    pipeline = lake.pipeline()
    proxy.decide = lambda method, path: 503
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 1, 10, 1)
    send(pipeline, 11, 20, 61)
    assert not await finish(pipeline, delivery, seconds=0.01)
    assert lake.bucket.keys() == []
    proxy.decide = lambda method, path: None
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 20)]
    assert list(lake.directory.glob("*.journal")) == []


async def test_holes_that_still_wait_at_the_end_are_given_up(lake: Lake):
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    for trade_id in (1, 3, 5, 7):
        send(pipeline, trade_id, trade_id, 1)
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 1), (3, 3), (5, 5), (7, 7)]
    [manifest] = lake.manifests
    assert [gap.first_id for gap in manifest.gaps if gap.reason == "gap"] == [2, 4, 6]


@pytest.mark.parametrize("uploads", [0, 1, 2, 3, 5, 8])
async def test_a_kill_during_delivery_costs_and_doubles_nothing(lake: Lake, proxy: FaultProxy, uploads: int):
    """Killed after some writes; the replay makes the same objects, late trades and holes included."""
    puts = 0

    def decide(method: str, path: str) -> int | None:
        nonlocal puts
        puts += method == "PUT"
        return 503 if puts > uploads else None

    proxy.decide = decide
    pipeline = lake.pipeline()
    send(pipeline, 1, 10, 1)
    send(pipeline, 14, 20, 2)
    await commit(pipeline)
    send(pipeline, 11, 11, 1.5)
    await commit(pipeline)
    send(pipeline, 12, 13, 1.6)
    await commit(pipeline)
    send(pipeline, 21, 30, 61)
    await commit(pipeline)
    send(pipeline, 31, 40, 121)
    await commit(pipeline)
    delivery = asyncio.create_task(pipeline.deliver())
    while not pipeline.uploader.counts.failures:
        await asyncio.sleep(0.01)
    await kill(pipeline, delivery)
    proxy.decide = lambda method, path: None
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 41, 50, 122)
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 50)]


async def test_late_trades_are_in_s3_before_the_journal_forgets_them(lake: Lake, proxy: FaultProxy):
    """Minutes that are delivered in one go: the later ones release what held the late trade."""
    pipeline = lake.pipeline()
    send(pipeline, 1, 10, 1)
    send(pipeline, 14, 20, 2)
    await commit(pipeline)
    send(pipeline, 11, 13, 1.5)
    await commit(pipeline)
    send(pipeline, 21, 30, 61)
    await commit(pipeline)
    send(pipeline, 31, 40, 121)
    await commit(pipeline)

    def until_released(method: str, path: str) -> int | None:
        return 503 if pipeline.journal.released.last_id == 30 else None

    proxy.decide = until_released
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 41, 41, 181)
    while not pipeline.uploader.counts.failures and not (
        pipeline.journal.released.last_id == 30 and not pipeline._durable.is_set()
    ):
        await asyncio.sleep(0.01)
    await kill(pipeline, delivery)
    assert (11, 13) in [held.interval for manifest in lake.manifests for held in manifest.objects]


async def test_records_that_wait_for_the_disk_survive_the_end(lake: Lake):
    """The commit of ``keep`` has not begun when the end comes: it is not called off."""
    pipeline = lake.pipeline()
    busy = Event()
    pipeline._disk.submit(busy.wait)
    delivery = asyncio.create_task(pipeline.deliver())
    keeping = asyncio.create_task(pipeline.keep())
    send(pipeline, 1, 10, 1)
    pipeline.sequencer.flush(0.0)
    while pipeline._buffer:
        await asyncio.sleep(0.01)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    busy.set()
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 10)]


async def test_a_full_journal_is_not_ready_and_is_again_once_s3_has_taken_it(lake: Lake):
    pipeline = lake.pipeline(spool_max_bytes=2000)
    assert pipeline.ready
    send(pipeline, 1, 50, 1)
    await commit(pipeline)
    assert not pipeline.ready
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 51, 51, 61)
    await commit(pipeline)
    while not pipeline.ready:
        await asyncio.sleep(0.01)
    assert await finish(pipeline, delivery)
    assert size(lake.intervals) == 51


async def test_a_disk_that_fails_stops_the_reading_until_it_works(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
):
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())

    def refuse(descriptor: int) -> None:
        raise OSError("Input/output error")

    send(pipeline, 1, 10, 1)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        await commit(pipeline)
        assert not pipeline.ready
    send(pipeline, 11, 20, 2)
    await commit(pipeline)
    assert pipeline.ready
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 20)]


async def test_a_conflict_is_kept_beside_and_does_not_hold_up_the_rest(lake: Lake):
    first = lake.pipeline()
    delivery = asyncio.create_task(first.deliver())
    send(first, 1, 10, 1)
    assert await finish(first, delivery)
    lake.directory = lake.directory.with_name("another")
    second = lake.pipeline()
    delivery = asyncio.create_task(second.deliver())
    for trade_id in range(1, 11):
        second.trade(TradeEvent(0, SYMBOL, trade_id, "1.00000000", "0.02000000", HOUR_US + 1_000_000, False))
    send(second, 11, 12, 61)
    assert await finish(second, delivery)
    assert second.uploader.counts.conflicts == 1
    assert lake.intervals == [(1, 12)]
    assert len(lake.bucket.keys("_conflict/")) == 1


async def test_minutes_that_nobody_watched_are_not_closed_by_the_clock(lake: Lake):
    """All connections were lost; after that the exchange's clock comes before the first trade."""
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 1, 10, 1)
    pipeline.interrupted()
    pipeline.sequencer.clock(HOUR_US + 200_000_000)
    send(pipeline, 20, 21, 201)
    assert await finish(pipeline, delivery)
    assert not any(manifest.closed for manifest in lake.manifests)
    assert all(11 in [gap.first_id for gap in manifest.gaps] for manifest in lake.manifests)


async def test_a_disk_that_refuses_the_mark_does_not_end_the_delivery(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
):
    """A disk that is full is freed by what goes to S3, and needs room for the mark first."""
    pipeline = lake.pipeline()
    for minute in range(4):
        send(pipeline, 1 + 10 * minute, 10 + 10 * minute, 1 + 60 * minute)
    await commit(pipeline)
    held = pipeline.journal.bytes_held

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        delivery = asyncio.create_task(pipeline.deliver())
        while pipeline.journal.released.last_id != 30:
            await asyncio.sleep(0.01)
        assert not delivery.done()
        assert pipeline.journal.bytes_held < held
    assert await finish(pipeline, delivery)
    assert lake.intervals == [(1, 40)]


async def test_what_was_tried_again_is_counted_once(lake: Lake, proxy: FaultProxy):
    proxy.decide = lambda method, path: 503 if method == "PUT" and "_manifest" in path else None
    pipeline = lake.pipeline()
    delivery = asyncio.create_task(pipeline.deliver())
    send(pipeline, 1, 10, 1)
    send(pipeline, 11, 11, 61)
    await commit(pipeline)
    while pipeline.uploader.counts.failures < 2:
        await asyncio.sleep(0.01)
    proxy.decide = lambda method, path: None
    assert await finish(pipeline, delivery)
    counts = pipeline.uploader.counts
    assert (counts.objects, counts.rows) == (2, 11)

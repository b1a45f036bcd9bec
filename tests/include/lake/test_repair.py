"""Holes, healed from a real REST API into a real bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from include.binance.rest import HISTORICAL_LIMIT, BinanceRest
from include.errors import ExchangeError
from include.lake import repair
from include.lake.batching import Grid
from include.lake.catalog import CatalogEntry
from include.lake.hours import Hours
from include.lake.intervals import Interval, size, union
from include.lake.manifest import Manifest
from include.lake.manifests import ManifestStore
from include.lake.reading import read_hour
from include.lake.repair import Repair, Repaired
from include.lake.sealing import Status
from include.lake.verification import HourReport
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.lake_writing import as_published, collect, objects
from tests.market import HOUR, Market, Published, foreseen, market

SYMBOL = "BTCUSDT"
NEXT = HOUR + timedelta(hours=1)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """An exchange that has published its hour."""
    with market(tmp_path_factory.mktemp("exchange"), speed=100_000, symbols=[SYMBOL]) as played:
        played.play()
        yield played


@pytest.fixture(scope="module")
def published(exchange: Market) -> list[Published]:
    return exchange.trades(SYMBOL)


@dataclass
class Lake:
    """The hour in the lake, and what can be done with it."""

    store: S3Store
    entry: CatalogEntry
    rest: BinanceRest

    def judge(self, hour: datetime = HOUR) -> HourReport:
        return Hours(self.store, self.entry).judge(hour, datetime.now(UTC)).report

    def heal(self, missing: list[Interval], hour: datetime = HOUR) -> Repaired:
        return Repair(self.store, self.entry, self.rest, Grid()).heal(hour, missing)

    def seal(self, hour: datetime = HOUR) -> Status:
        return Hours(self.store, self.entry).seal(hour, datetime.now(UTC))

    def minutes(self, hour: datetime = HOUR) -> list[Manifest]:
        held = ManifestStore(self.store, self.entry.keys).of_hour(hour)
        return [entry.manifest for entry in held.values()]

    def trades(self, hour: datetime = HOUR) -> list[Published]:
        return as_published(read_hour(self.store, self.entry, hour))


def lake(bucket: Bucket, exchange: Market, published: list[Published], *holes: Interval) -> Lake:
    withheld = {trade_id for first, last in holes for trade_id in range(first, last + 1)}
    entry = collect(bucket, published, withheld=withheld)
    return Lake(S3Store(bucket.client, bucket.name), entry, BinanceRest(exchange.url))


def ids(minute: int) -> list[int]:
    """The trade ids of a minute, counted from the hour's start."""
    return foreseen(SYMBOL)[HOUR + timedelta(minutes=minute)]


def of_hour(published: list[Published], hour: datetime = HOUR) -> list[Published]:
    return [trade for trade in published if hour <= trade.minute < hour + timedelta(hours=1)]


AT_START = (ids(-1)[-4], ids(0)[6])
INSIDE = (ids(3)[2], ids(3)[5])
ACROSS_MINUTES = (ids(7)[-3], ids(8)[4])
WHOLE_MINUTES = (ids(24)[0], ids(26)[-1])
OVER_A_PAGE = (ids(30)[1], ids(47)[2])
AT_END = (ids(59)[-5], ids(60)[3])
HOLES = [AT_START, INSIDE, ACROSS_MINUTES, WHOLE_MINUTES, OVER_A_PAGE, AT_END]


def test_holes_are_healed(bucket: Bucket, exchange: Market, published: list[Published]) -> None:
    hour = lake(bucket, exchange, published, *HOLES)
    report = hour.judge()
    assert (report.condition, report.missing) == ("degraded", HOLES)

    repaired = hour.heal(report.missing)
    assert (union(repaired.healed), repaired.absent, repaired.left) == (HOLES, [], [])

    status = hour.seal()
    expected = of_hour(published)
    healed = sum(first <= trade.trade_id <= last for trade in expected for first, last in HOLES)
    assert (status.condition, status.version, status.reasons) == ("available", 1, [])
    assert status.sources == {"rest": healed, "ws": len(expected) - healed}
    assert status.kline_matches is True
    assert hour.trades() == expected
    minutes = hour.minutes()
    assert [minute.minute for minute in minutes] == [HOUR + timedelta(minutes=number) for number in range(60)]
    assert all(minute.closed and not minute.gaps for minute in minutes)
    assert {minute.condition for minute in minutes} == {"available"}

    assert unchanged(bucket, hour, status)
    assert next_hour_is_healed_too(hour, published)


def next_hour_is_healed_too(hour: Lake, published: list[Published]) -> bool:
    """The hole at the end belonged to both hours; what the next one lists is settled by its own run."""
    assert [finding.reason for finding in hour.judge(NEXT).findings] == ["collection_end"]
    assert hour.seal(NEXT).condition == "degraded"
    assert {gap.reason for minute in hour.minutes(NEXT) for gap in minute.gaps} == {"collection_end"}
    return hour.trades(NEXT) == of_hour(published, NEXT)


def unchanged(bucket: Bucket, hour: Lake, status: Status) -> bool:
    """Judging and sealing again find nothing to ask for and write nothing."""
    before = objects(bucket)
    assert hour.judge().missing == []
    assert hour.seal() == status
    return objects(bucket) == before


ABSENT_AT_START = (ids(-1)[-2], ids(0)[1])
ABSENT = (ids(10)[2], ids(10)[4])
ABSENT_ACROSS_MINUTES = (ids(12)[-2], ids(13)[3])
ABSENT_AT_THE_END_OF_A_HOLE = (ids(16)[5], ids(16)[7])
ABSENT_AT_END = (ids(59)[-2], ids(60)[1])
ABSENT_FROM_NEXT = (ids(60)[3], ids(60)[4])


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """An exchange that does not have some of its trades."""
    with market(tmp_path_factory.mktemp("forgetful"), speed=100_000, symbols=[SYMBOL]) as played:
        for ids_ in (ABSENT_AT_START, ABSENT, ABSENT_ACROSS_MINUTES, ABSENT_AT_THE_END_OF_A_HOLE):
            played.withhold(SYMBOL, *ids_, rest=True)
        played.play()
        yield played


def test_what_the_exchange_does_not_have_is_written_down(
    bucket: Bucket, forgetful: Market, published: list[Published]
) -> None:
    absent = [
        ABSENT_AT_START,
        ABSENT,
        ABSENT_ACROSS_MINUTES,
        ABSENT_AT_THE_END_OF_A_HOLE,
        ABSENT_AT_END,
    ]
    forgetful.withhold(SYMBOL, *ABSENT_AT_END, rest=True)
    hour = lake(
        bucket,
        forgetful,
        published,
        ABSENT_AT_START,
        (ABSENT[0] - 1, ABSENT[1] + 1),
        ABSENT_ACROSS_MINUTES,
        (ABSENT_AT_THE_END_OF_A_HOLE[0] - 2, ABSENT_AT_THE_END_OF_A_HOLE[1]),
        ABSENT_AT_END,
    )
    repaired = hour.heal(hour.judge().missing)
    assert (size(repaired.healed), repaired.absent, repaired.left) == (4, absent, [])

    status = hour.seal()
    assert (status.condition, status.version, status.reasons) == ("available", 1, [])
    assert (status.absent_upstream, status.minutes) == (absent, {"available": 60})
    listed = [gap for minute in hour.minutes() for gap in minute.gaps]
    assert {(gap.first_id, gap.last_id, gap.reason) for gap in listed} == {
        (*held, "absent_upstream") for held in absent
    }
    gone = {trade_id for first, last in absent for trade_id in range(first, last + 1)}
    assert hour.trades() == [trade for trade in of_hour(published) if trade.trade_id not in gone]
    assert unchanged(bucket, hour, status)


def test_what_is_absent_from_the_next_hour_is_no_matter_of_this_one(
    bucket: Bucket, exchange: Market, published: list[Published]
) -> None:
    exchange.withhold(SYMBOL, *ABSENT_FROM_NEXT, rest=True)
    hour = lake(bucket, exchange, published, (AT_END[0], ABSENT_FROM_NEXT[1]))
    repaired = hour.heal(hour.judge().missing)
    assert (repaired.absent, repaired.left) == ([ABSENT_FROM_NEXT], [])
    status = hour.seal()
    assert (status.condition, status.reasons, status.absent_upstream) == ("available", [], [])
    assert hour.trades() == of_hour(published)
    assert all(not minute.gaps for minute in hour.minutes())
    assert hour.judge(NEXT).absent == [ABSENT_FROM_NEXT]


def test_an_hour_that_nobody_collected_is_healed_as_a_whole(
    bucket: Bucket, exchange: Market, published: list[Published]
) -> None:
    missing = (ids(0)[0], ids(59)[-1])
    lake(bucket, exchange, [trade for trade in published if trade.minute < HOUR])
    hour = lake(bucket, exchange, of_hour(published, NEXT))
    report = hour.judge()
    assert (report.condition, report.missing, report.minutes) == ("missing", [missing], {"missing": 60})
    hour.heal(report.missing)
    status = hour.seal()
    assert (status.condition, status.minutes, status.kline_matches) == ("available", {"available": 60}, None)
    assert hour.trades() == of_hour(published)


@pytest.fixture
def minutes(published: list[Published]) -> list[Published]:
    """A few minutes of market: enough for what does not ask for a whole hour."""
    return [trade for trade in published if 2 <= (trade.minute - HOUR) / timedelta(minutes=1) <= 4]


def test_an_exchange_that_refuses_leaves_the_hour_as_it_is(
    bucket: Bucket, exchange: Market, minutes: list[Published]
) -> None:
    hour = lake(bucket, exchange, minutes, INSIDE)
    before = objects(bucket)
    exchange.fail_rest(418)
    with pytest.raises(ExchangeError, match="answered 418"):
        hour.heal([INSIDE])
    assert objects(bucket) == before
    assert hour.heal([INSIDE]).healed == [INSIDE]


def test_a_hole_beyond_the_budget_is_left(
    bucket: Bucket, exchange: Market, minutes: list[Published], monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = lake(bucket, exchange, minutes, INSIDE)
    monkeypatch.setattr(repair, "MAX_TRADES", size([INSIDE]) - 1)
    exchange.fail_rest(418)
    assert hour.heal([INSIDE]) == Repaired([], [], [INSIDE])
    assert exchange.failures_left() == 1, "the exchange was not asked"
    exchange.take_failures()


def test_what_the_exchange_does_not_have_yet_is_left(
    bucket: Bucket, exchange: Market, published: list[Published], minutes: list[Published]
) -> None:
    hour = lake(bucket, exchange, minutes)
    last = published[-1].trade_id
    assert hour.heal([(last, last + 2)]) == Repaired([(last, last)], [], [(last + 1, last + 2)])


def test_a_repair_that_is_repeated_writes_nothing(
    bucket: Bucket, exchange: Market, minutes: list[Published]
) -> None:
    hour = lake(bucket, exchange, minutes)
    repaired = hour.heal([OVER_A_PAGE])
    assert size(repaired.healed) == size([OVER_A_PAGE]) > HISTORICAL_LIMIT
    before = objects(bucket)
    assert hour.heal([OVER_A_PAGE]) == repaired
    assert objects(bucket) == before

"""Heals holes with single trades from the exchange's REST API: same ids, same batches, ``source=rest``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from include.binance.rest import HISTORICAL_LIMIT, BinanceRest
from include.lake.batching import Grid, batches
from include.lake.catalog import CatalogEntry
from include.lake.intervals import Interval, size, subtract
from include.lake.manifest import Addition, Gap, ManifestObject
from include.lake.manifests import ManifestStore
from include.lake.times import MINUTE, from_us, minute_of
from include.lake.trade import Trade
from include.lake.writing import BatchWriter
from include.stores.s3 import S3Store

MAX_TRADES = 240_000
"""A hole beyond this is a matter of backfill: it is a minute of the exchange's whole request budget."""

_WRITER = "repair"


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of the missing ids.

    Attributes:
        healed: now in the lake.
        absent: the exchange itself does not have them.
        left: still missing.
    """

    healed: list[Interval]
    absent: list[Interval]
    left: list[Interval]


class Repair:
    """Heals one symbol.

    Args:
        store: the bucket.
        entry: the symbol, as the catalog has it.
        rest: the exchange.
        grid: settings of the cut.
    """

    def __init__(self, store: S3Store, entry: CatalogEntry, rest: BinanceRest, grid: Grid) -> None:
        self._entry = entry
        self._rest = rest
        self._grid = grid
        self._manifests = ManifestStore(store, entry.keys)
        self._writer = BatchWriter(
            store, entry.keys, entry.data_source, entry.symbol, "rest", entry.file_format
        )

    def heal(self, hour: datetime, missing: Sequence[Interval]) -> Repaired:
        """Fetch what an hour misses and write it into the minutes that it belongs to.

        Args:
            hour: the hour that misses them; ids at its edges may belong to its neighbours.
            missing: id ranges.

        Raises:
            ExchangeError: the exchange did not answer; what was fetched before is in the lake.
        """
        if size(missing) > MAX_TRADES:
            return Repaired([], [], list(missing))
        healed: list[Interval] = []
        absent: list[Interval] = []
        for interval in missing:
            for page in self._pages(interval):
                healed += self._write(page.trades)
                absent += self._record_absent(hour, page.absent)
        return Repaired(healed, absent, subtract(missing, [*healed, *absent]))

    def _pages(self, interval: Interval) -> Iterator[_Page]:
        following, last = interval
        while following <= last:
            limit = min(HISTORICAL_LIMIT, last - following + 1)
            rows = self._rest.historical_trades(self._entry.symbol, following, limit)
            if not rows:
                return
            yield _page(rows, following, last)
            following = rows[-1].trade_id + 1

    def _write(self, trades: Iterable[Trade]) -> list[Interval]:
        objects = [self._writer.put(batch) for batch in batches(trades, self._grid)]
        for minute, group in groupby(objects, key=lambda held: minute_of(held.min_ts)):
            self._add(from_us(minute), objects=tuple(group))
        return [held.interval for held in objects]

    def _record_absent(self, hour: datetime, absent: Sequence[tuple[Interval, int]]) -> list[Interval]:
        """Write down what the exchange does not have, where the trade after it stands and in this hour."""
        for ids, followed_at_us in absent:
            minute = from_us(minute_of(followed_at_us))
            for place in {minute, min(minute, hour + 59 * MINUTE)}:
                self._add(place, gaps=(Gap(*ids, "absent_upstream"),))
        return [ids for ids, _ in absent]

    def _add(
        self, minute: datetime, *, objects: Sequence[ManifestObject] = (), gaps: Sequence[Gap] = ()
    ) -> None:
        self._manifests.add(
            Addition(symbol=self._entry.symbol, minute=minute, objects=objects, gaps=gaps, collector=_WRITER)
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """What an answer says of a hole: its trades, and ids that it passes over, with the time after each."""

    trades: list[Trade]
    absent: list[tuple[Interval, int]]


def _page(rows: Sequence[Trade], following: int, last: int) -> _Page:
    absent: list[tuple[Interval, int]] = []
    for row in rows:
        if row.trade_id > following and following <= last:
            absent.append(((following, min(row.trade_id - 1, last)), row.trade_ts_us))
        following = row.trade_id + 1
    return _Page([row for row in rows if row.trade_id <= last], absent)

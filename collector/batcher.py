"""Turns the ordered stream into batches and facts about minutes. Pure: same records, same actions.

A trade of a later minute ends the minutes before it, as do the exchange's clock and a kline whose last trade
is here. A minute is ``closed`` only where this collector watched its end, or where consecutive ids prove it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.records import ClockTick, ClosedKline, Record, SessionEnd, SessionStart
from include.lake.batching import Cutter, Grid
from include.lake.kline import Kline
from include.lake.manifest import Gap
from include.lake.times import MINUTE_US, minute_of
from include.lake.trade import Trade


@dataclass(frozen=True, slots=True)
class CutBatch:
    """A batch that is complete. ``minute_us`` is the start of its minute."""

    minute_us: int
    trades: list[Trade]


@dataclass(frozen=True, slots=True)
class MinuteFacts:
    """What is known of a minute beside its trades.

    Attributes:
        minute_us: start of the minute.
        gaps: ids that are missing at this point of the stream.
        kline: the exchange's account.
        closed: the minute is over, and its end was seen.
        previous: start of the minute before that had trades, and its last id.
    """

    minute_us: int
    gaps: list[Gap] = field(default_factory=list)
    kline: Kline | None = None
    closed: bool = False
    previous: tuple[int, int] | None = None


Action = CutBatch | MinuteFacts


class Batcher:
    """Batches one symbol's stream.

    Args:
        grid: the settings of the cut. They hold from the next minute on, because a batcher begins with one.
        last_id: the last id before the first record, None where nothing came before.
    """

    def __init__(self, grid: Grid, last_id: int | None) -> None:
        self._cutter = Cutter(grid)
        self._late = Cutter(grid)
        self._last_id = last_id
        self._minute: int | None = None
        self._closed = 0
        self._watching = False
        self._previous: tuple[int, int] | None = None

    def feed(self, record: Record) -> Iterator[Action]:
        """Take a record; yield what it completes."""
        if isinstance(record, Trade):
            yield from self._trade(record)
        elif isinstance(record, ClosedKline):
            yield from self._kline(record.kline)
        elif isinstance(record, ClockTick):
            yield from self._clock(minute_of(record.time_us))
        elif isinstance(record, SessionStart):
            self._watching = False
        elif isinstance(record, SessionEnd):
            yield from self._end()

    def flush_late(self) -> Iterator[Action]:
        """Yield the late trades that wait for their neighbours; called after each block of the journal."""
        yield from map(_batch, self._late.cut())

    def _trade(self, trade: Trade) -> Iterator[Action]:
        if self._last_id is not None and trade.trade_id <= self._last_id:
            yield from map(_batch, self._late.add(trade))
            return
        minute = minute_of(trade.trade_ts_us)
        gaps = self._gaps_before(trade.trade_id)
        if gaps and self._minute is not None and self._minute < minute:
            yield MinuteFacts(self._minute, gaps=gaps)
        yield from self._advance(minute, proved=not gaps)
        if gaps:
            yield MinuteFacts(minute, gaps=gaps)
        self._last_id = trade.trade_id
        self._watching = True
        yield from map(_batch, self._cutter.add(trade))

    def _gaps_before(self, trade_id: int) -> list[Gap]:
        if self._last_id is None:
            return [Gap(None, trade_id - 1, "collection_start")]
        if trade_id > self._last_id + 1:
            return [Gap(self._last_id + 1, trade_id - 1, "gap")]
        return []

    def _kline(self, kline: Kline) -> Iterator[Action]:
        """A kline whose last trade is here ends its minute at once: nothing more can come."""
        yield MinuteFacts(kline.t, kline=kline)
        if self._watching and kline.t == self._minute and kline.n and self._last_id == kline.L:
            yield from map(_batch, self._cutter.cut())
            yield from self._close(range(kline.t, kline.t + MINUTE_US, MINUTE_US))

    def _clock(self, minute: int) -> Iterator[Action]:
        """Until the first trade shows how it follows the last one, the clock alone proves nothing."""
        if self._watching:
            yield from self._advance(minute, proved=False)

    def _advance(self, minute: int, *, proved: bool) -> Iterator[Action]:
        """Go on to a later minute.

        Args:
            minute: the minute that has begun.
            proved: consecutive ids prove that nothing is missing before it.
        """
        if self._minute is not None and minute <= self._minute:
            return
        yield from map(_batch, self._cutter.cut())
        if self._minute is not None and (proved or self._watching):
            yield from self._close(range(self._minute, minute, MINUTE_US))
        self._minute = minute

    def _close(self, minutes: range) -> Iterator[Action]:
        for minute in minutes:
            if minute > self._closed:
                yield MinuteFacts(minute, closed=True, previous=self._previous)
                self._closed = minute
            if self._last_id is not None:
                self._previous = (minute, self._last_id)

    def _end(self) -> Iterator[Action]:
        yield from map(_batch, self._cutter.cut())
        if self._minute is not None and self._last_id is not None:
            yield MinuteFacts(self._minute, gaps=[Gap(self._last_id + 1, None, "collection_end")])


def _batch(trades: list[Trade]) -> CutBatch:
    return CutBatch(minute_of(trades[0].trade_ts_us), trades)

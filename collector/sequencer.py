"""Puts what several connections deliver into one order: by trade id, each id once.

The first copy of a trade wins. A hole is held open for a moment, because another connection may still deliver
what is missing; then the stream goes on, and a later arrival passes as a late trade. Nothing is dropped
without being counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from collector.records import ClockTick, ClosedKline, Record
from include.lake.intervals import Interval, subtract
from include.lake.kline import Kline
from include.lake.times import minute_of
from include.lake.trade import Trade

HOLD_SECONDS = 1.0
"""How long a hole waits for another connection."""

CLOCK_GRACE_US = 2_000_000
"""Trades travel in another stream than the frames that tell the time: a quiet minute ends this much later."""

_HOLES_REMEMBERED = 1000
"""A trade later than that many holes counts as a duplicate, and is healed from REST like any hole."""


@dataclass(slots=True)
class SequencerCounts:
    """What passed, and what did not."""

    emitted: int = 0
    duplicates: int = 0
    late: int = 0
    missing: int = 0


class Sequencer:
    """Orders one symbol's trades.

    Args:
        emit: takes the records, in order.
        last_id: the last id that an earlier session emitted, None where there was none.
    """

    def __init__(self, emit: Callable[[Record], None], last_id: int | None) -> None:
        self._emit = emit
        self._next_id = None if last_id is None else last_id + 1
        self._waiting: dict[int, Trade] = {}
        self._waiting_since = 0.0
        self._given_up: list[Interval] = []
        self._minute = 0
        self._kline_minute = 0
        self.counts = SequencerCounts()
        self.last_trade_id = last_id
        self.clock_us = 0

    def trade(self, trade: Trade, now: float) -> None:
        """Take a trade from any connection.

        Args:
            trade: the trade.
            now: monotonic time, seconds.
        """
        if trade.trade_id == self._next_id:
            self._pass(trade)
            if self._waiting:
                self._drain(now)
        elif self._next_id is None or trade.trade_id > self._next_id:
            self._wait(trade, now)
        else:
            self._late(trade)

    def kline(self, kline: Kline) -> None:
        """Take a closed kline; each minute's passes once."""
        if kline.t > self._kline_minute:
            self._kline_minute = kline.t
            self._emit(ClosedKline(kline))

    def clock(self, time_us: int) -> None:
        """Take the exchange's time from any frame, microseconds; pass it on when a minute ends in silence."""
        self.clock_us = max(self.clock_us, time_us)
        minute = minute_of(self.clock_us - CLOCK_GRACE_US)
        if minute > self._minute and not self._waiting:
            self._minute = minute
            self._emit(ClockTick(minute))

    def tick(self, now: float) -> None:
        """Give up on a hole that has waited long enough."""
        if self._waiting and now - self._waiting_since >= HOLD_SECONDS:
            self.give_up(now)

    def give_up(self, now: float) -> None:
        """Go on behind the hole; without one, do nothing."""
        if not self._waiting:
            return
        first = min(self._waiting)
        if self._next_id is not None:
            self._given_up = [*self._given_up[-_HOLES_REMEMBERED:], (self._next_id, first - 1)]
            self.counts.missing += first - self._next_id
        self._next_id = first
        self._drain(now)

    def flush(self, now: float) -> None:
        """Go on behind every hole: nothing more will come."""
        while self._waiting:
            self.give_up(now)

    def _wait(self, trade: Trade, now: float) -> None:
        if not self._waiting:
            self._waiting_since = now
        if trade.trade_id in self._waiting:
            self.counts.duplicates += 1
        else:
            self._waiting[trade.trade_id] = trade

    def _drain(self, now: float) -> None:
        while self._next_id is not None and (trade := self._waiting.pop(self._next_id, None)):
            self._pass(trade)
        self._waiting_since = now

    def _pass(self, trade: Trade) -> None:
        self._next_id = trade.trade_id + 1
        self.last_trade_id = trade.trade_id
        if trade.trade_ts_us >= self._minute:
            self._minute = minute_of(trade.trade_ts_us)
        self.counts.emitted += 1
        self._emit(trade)

    def _late(self, trade: Trade) -> None:
        ids = (trade.trade_id, trade.trade_id)
        if not any(first <= trade.trade_id <= last for first, last in self._given_up):
            self.counts.duplicates += 1
            return
        self._given_up = subtract(self._given_up, [ids])
        self.counts.late += 1
        self.counts.missing -= 1
        self._emit(trade)

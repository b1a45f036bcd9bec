"""Where trades are cut into batches: a pure function of the trades, so that two collectors cut the same.

A batch is id-contiguous, lies in one minute of trade time and in one slot of a grid. A slot ends at a
minute's end, at every id that is a multiple of ``max_trades``, at windows of ``max_seconds`` aligned in the
minute, and where the rows since the last cut of the grid would exceed ``max_bytes``. A row counts as its
canonical line (``include/lake/encoding.py``). A hole cuts too, but is no cut of the grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from include.lake.trade import Trade

_SECOND_US = 1_000_000
_FIXED_BYTES = 13 + 5 + 4 + 1
"""Of a canonical line: time in ms, ``false``, four commas, the newline (``true`` is counted as long)."""


class Grid(msgspec.Struct, frozen=True):
    """Settings of the cut (``BATCH_MAX_*``).

    Attributes:
        max_trades: a slot ends at ids that are multiples of it.
        max_seconds: length of the windows of trade time, seconds; divides 60.
        max_bytes: bound on the canonical lines of a slot.
    """

    max_trades: int = 4000
    max_seconds: int = 60
    max_bytes: int = 2_097_152


class Cutter:
    """Cuts trades that come one by one.

    Args:
        grid: the settings.
    """

    def __init__(self, grid: Grid) -> None:
        self._max_trades = grid.max_trades
        self._window_us = grid.max_seconds * _SECOND_US
        self._max_bytes = grid.max_bytes
        self._rows: list[Trade] = []
        self._window = -1
        self._next_id = -1
        self._bytes = 0

    def add(self, trade: Trade) -> Iterator[list[Trade]]:
        """Take a trade; yield the batches that it finishes (at most two: one before it, one with it)."""
        window = trade.trade_ts_us // self._window_us
        row_bytes = _FIXED_BYTES + len(str(trade.trade_id)) + len(trade.price) + len(trade.qty)
        if window != self._window or self._bytes + row_bytes > self._max_bytes:
            yield from self.cut()
            self._window = window
        elif trade.trade_id != self._next_id:
            yield from self._take()
        self._rows.append(trade)
        self._bytes += row_bytes
        self._next_id = trade.trade_id + 1
        if trade.trade_id % self._max_trades == 0:
            yield from self.cut()

    def cut(self) -> Iterator[list[Trade]]:
        """End the slot: yield the batch that is open, if any."""
        self._bytes = 0
        yield from self._take()

    def _take(self) -> Iterator[list[Trade]]:
        if self._rows:
            yield self._rows
            self._rows = []


def batches(trades: Iterable[Trade], grid: Grid) -> Iterator[list[Trade]]:
    """Cut trades in id order into batches.

    Args:
        trades: in id order; holes are allowed.
        grid: the settings of the cut.

    Yields:
        Non-empty lists of trades with consecutive ids.
    """
    cutter = Cutter(grid)
    for trade in trades:
        yield from cutter.add(trade)
    yield from cutter.cut()

"""A trade in exact integers, and the history of the trades of one symbol."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

SCALE = 10**8
"""Prices and quantities are integers in units of 1e-8, the eight decimals that the exchange prints."""


class Trade(NamedTuple):
    """One trade; ``price`` and ``quantity`` in units of 1e-8, ``time_us`` in microseconds since the epoch."""

    symbol: str
    trade_id: int
    price: int
    quantity: int
    time_us: int
    is_buyer_maker: bool


def decimal_text(value: int) -> str:
    """Text of a value in units of 1e-8 as the exchange prints it: ``6183763000000`` -> ``61837.63000000``."""
    return f"{value // SCALE}.{value % SCALE:08d}"


def quote_quantity(trade: Trade) -> int:
    """Price times quantity in units of 1e-8, cut as the exchange does; exact for its tick and lot sizes."""
    return trade.price * trade.quantity // SCALE


class TradeHistory:
    """Published trades of one symbol in id order, in columns: 33 bytes a trade, for long runs."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._ids = array("q")
        self._prices = array("q")
        self._quantities = array("q")
        self._times = array("q")
        self._makers = bytearray()

    def __len__(self) -> int:
        return len(self._ids)

    def append(self, trade: Trade) -> None:
        """Add the next trade; ids only grow."""
        self._ids.append(trade.trade_id)
        self._prices.append(trade.price)
        self._quantities.append(trade.quantity)
        self._times.append(trade.time_us)
        self._makers.append(trade.is_buyer_maker)

    def latest(self, limit: int) -> Iterator[Trade]:
        """The last ``limit`` trades, oldest first."""
        return self._slice(max(0, len(self) - limit), len(self))

    def from_id(self, first_id: int) -> Iterator[Trade]:
        """All trades with an id of at least ``first_id``, oldest first."""
        return self._slice(bisect_left(self._ids, first_id), len(self))

    def _slice(self, start: int, stop: int) -> Iterator[Trade]:
        for row in range(start, stop):
            yield Trade(
                self._symbol,
                self._ids[row],
                self._prices[row],
                self._quantities[row],
                self._times[row],
                bool(self._makers[row]),
            )

"""One-minute klines, computed from every trade of the market before any fault touches a frame."""

from dataclasses import dataclass

from simulator.settings import MINUTE_US
from simulator.trades import Trade, quote_quantity


@dataclass(slots=True)
class Kline:
    """A minute's kline; prices and volumes in units of 1e-8, ids -1 while the minute has no trade."""

    symbol: str
    open_us: int
    open: int
    high: int
    low: int
    close: int
    first_id: int = -1
    last_id: int = -1
    volume: int = 0
    trades: int = 0
    quote_volume: int = 0
    taker_buy_volume: int = 0
    taker_buy_quote_volume: int = 0

    def add(self, trade: Trade) -> None:
        """Count one trade in; the first one sets the open."""
        if self.trades == 0:
            self.first_id = trade.trade_id
            self.open = self.high = self.low = trade.price
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.close = trade.price
        self.last_id = trade.trade_id
        self.trades += 1
        quote = quote_quantity(trade)
        self.volume += trade.quantity
        self.quote_volume += quote
        if not trade.is_buyer_maker:
            self.taker_buy_volume += trade.quantity
            self.taker_buy_quote_volume += quote


class KlineBook:
    """The klines of one symbol by minute, the current one included."""

    def __init__(self, symbol: str, begin_us: int, opening_price: int) -> None:
        self._symbol = symbol
        self._begin_us = begin_us
        self._opening_price = opening_price
        self._klines: dict[int, Kline] = {}

    def add(self, trade: Trade) -> None:
        """Count a trade into its minute."""
        self.minute(trade.time_us - trade.time_us % MINUTE_US).add(trade)

    def minute(self, open_us: int) -> Kline:
        """The minute's kline; an empty one repeats the close before it."""
        kline = self._klines.get(open_us)
        if kline is None:
            close = self._close_before(open_us)
            kline = Kline(self._symbol, open_us, close, close, close, close)
            self._klines[open_us] = kline
        return kline

    def between(self, start_us: int, end_us: int) -> list[Kline]:
        """Klines that open in the closed interval, oldest first."""
        return [kline for kline in self._klines.values() if start_us <= kline.open_us <= end_us]

    def _close_before(self, open_us: int) -> int:
        if open_us <= self._begin_us:
            return self._opening_price
        return self.minute(open_us - MINUTE_US).close

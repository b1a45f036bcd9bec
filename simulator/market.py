"""A made market: seeded, deterministic, with bursts, quiet stretches and minutes without a trade."""

import heapq
from collections.abc import Iterator
from operator import attrgetter
from random import Random

from simulator.events import Event, KlineDue, TradeMessage
from simulator.settings import MICROSECONDS, MINUTE_US, Settings
from simulator.trades import SCALE, Trade

PRICE_TICK = SCALE // 100
QUANTITY_STEP = SCALE // 100_000
OPENING_PRICES = {"BTCUSDT": 61837_63, "ETHUSDT": 2654_18, "SOLUSDT": 154_92}
"""Opening prices in ticks; other symbols open at ``OTHER_OPENING_PRICE``."""
OTHER_OPENING_PRICE = 100_00
FIRST_TRADE_ID = 4_200_000_000
IDS_BETWEEN_SYMBOLS = 500_000_000

EVENT_DELAY_US = 3_000
"""``E`` follows ``T`` by at most this much, so a minute's trades are all told before its kline closes."""
KLINE_INTERVAL_US = 2 * MICROSECONDS
KLINE_DELAY_US = (4_000, 50_000)
HOUR_MINUTES = 60
MEDIAN_NOTIONAL_TICKS = 180_00
MEAN_FILLS_PER_ORDER = 2.7
MEAN_ACTIVITY = 0.9
"""Measured mean of ``_Activity.of_second``; ``--trades-per-second`` is the mean over all."""


def opening_price(symbol: str) -> int:
    """Price before the first trade in units of 1e-8."""
    return OPENING_PRICES.get(symbol, OTHER_OPENING_PRICE) * PRICE_TICK


def market_events(settings: Settings) -> Iterator[Event]:
    """All trades and kline moments of the run in the order of their event times."""
    sources: list[Iterator[Event]] = []
    for index, symbol in enumerate(settings.symbols):
        sources.append(_SymbolMarket(symbol, index, settings).trades())
        sources.append(_kline_moments(symbol, settings))
    return heapq.merge(*sources, key=attrgetter("event_us"))


def quiet_minutes(symbol: str, settings: Settings) -> set[int]:
    """Opening times of the minutes without a trade: one inside each hour of three minutes or more."""
    random = Random(f"{settings.seed}:{symbol}:quiet")
    quiet = set()
    for first in range(0, settings.minutes, HOUR_MINUTES):
        count = min(HOUR_MINUTES, settings.minutes - first)
        if count >= 3:
            minute = first + random.randrange(1, count - 1)
            quiet.add(settings.start_us + minute * MINUTE_US)
    return quiet


def _kline_moments(symbol: str, settings: Settings) -> Iterator[KlineDue]:
    """A moment every two seconds, each told a little later than it is, as on the exchange.

    A close may so come after the first trades of the next minute.
    """
    random = Random(f"{settings.seed}:{symbol}:klines")
    for moment in range(settings.begin_us + KLINE_INTERVAL_US, settings.end_us + 1, KLINE_INTERVAL_US):
        is_closed = moment % MINUTE_US == 0
        open_us = moment - MINUTE_US if is_closed else moment - moment % MINUTE_US
        yield KlineDue(moment + random.randint(*KLINE_DELAY_US), symbol, open_us, is_closed)


class _Activity:
    """How busy each second is, as a factor of the mean rate."""

    def __init__(self, random: Random, quiet: set[int]) -> None:
        self._random = random
        self._quiet = quiet
        self._minute_factor = 1.0
        self._pause_us = range(0)

    def of_second(self, second_us: int) -> float:
        """Factor of one second; zero in quiet minutes and in pauses of 4 to 15 seconds."""
        if second_us % MINUTE_US == 0:
            self._begin_minute(second_us)
        if second_us in self._pause_us:
            return 0.0
        burst = 12.0 if self._random.random() < 0.005 else 1.0
        return self._minute_factor * burst

    def _begin_minute(self, minute_us: int) -> None:
        self._minute_factor = self._random.lognormvariate(-0.08, 0.4)
        if minute_us in self._quiet:
            self._pause_us = range(minute_us, minute_us + MINUTE_US)
        elif self._random.random() < 0.25:
            start_us = minute_us + self._random.randint(10, 40) * MICROSECONDS
            self._pause_us = range(start_us, start_us + self._random.randint(4, 15) * MICROSECONDS)


class _SymbolMarket:
    """Trades of one symbol, made second by second, so that a busy market of hours needs no memory."""

    def __init__(self, symbol: str, index: int, settings: Settings) -> None:
        self._symbol = symbol
        self._stream = f"{symbol.lower()}@trade"
        self._settings = settings
        self._random = Random(f"{settings.seed}:{symbol}")
        self._activity = _Activity(self._random, quiet_minutes(symbol, settings))
        self._orders_per_second = settings.trades_per_second / MEAN_FILLS_PER_ORDER / MEAN_ACTIVITY
        self._bid = float(OPENING_PRICES.get(symbol, OTHER_OPENING_PRICE))
        self._volatility = self._bid * 1e-5
        self._quantity_scale = MEDIAN_NOTIONAL_TICKS / self._bid * SCALE / QUANTITY_STEP
        self._next_id = FIRST_TRADE_ID + index * IDS_BETWEEN_SYMBOLS
        self._event_us = 0

    def trades(self) -> Iterator[TradeMessage]:
        for second_us in range(self._settings.begin_us, self._settings.end_us, MICROSECONDS):
            orders_per_second = self._orders_per_second * self._activity.of_second(second_us)
            if orders_per_second > 0:
                yield from self._second(second_us, orders_per_second)

    def _second(self, second_us: int, orders_per_second: float) -> Iterator[TradeMessage]:
        offset = self._random.expovariate(orders_per_second)
        while offset < 1:
            yield from self._order(second_us + int(offset * MICROSECONDS))
            offset += self._random.expovariate(orders_per_second)

    def _order(self, time_us: int) -> Iterator[TradeMessage]:
        """One taker order and the makers that it meets, all at one time; a large one walks the book."""
        random = self._random
        is_buyer_maker = random.random() < 0.5
        direction = -1 if is_buyer_maker else 1
        price = int(self._bid) + (0 if is_buyer_maker else 1)
        fills = self._fills()
        for fill in range(fills):
            if fill >= 3 and random.random() < 0.3:
                price = max(1, price + direction * random.randint(1, 8))
            yield self._message(price, time_us, is_buyer_maker)
        self._bid = max(100.0, price + random.gauss(0, self._volatility))

    def _fills(self) -> int:
        draw = self._random.random()
        if draw < 0.62:
            return 1
        if draw < 0.86:
            return self._random.randint(2, 3)
        if draw < 0.98:
            return self._random.randint(4, 10)
        return self._random.randint(11, 40)

    def _message(self, price: int, time_us: int, is_buyer_maker: bool) -> TradeMessage:
        quantity = max(1, int(self._quantity_scale * self._random.lognormvariate(0, 1.6)))
        self._event_us = max(self._event_us, time_us + int(self._random.random() * EVENT_DELAY_US))
        trade = Trade(
            self._symbol,
            self._next_id,
            price * PRICE_TICK,
            quantity * QUANTITY_STEP,
            time_us,
            is_buyer_maker,
        )
        self._next_id += 1
        return TradeMessage(self._event_us, self._stream, trade)

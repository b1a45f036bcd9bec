"""1-minute candles of the lake, against the exchange's own klines: exact, to the last digit."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from demo.proof.hours import HOUR
from demo.proof.section import BadInput, Section
from demo.proof.trades import Trades

_CANDLES = """
SELECT trade_ts_us // $width AS slot,
       arg_min(price, trade_id), max(price), min(price), arg_max(price, trade_id),
       sum(qty), sum(price * qty), count(*),
       coalesce(sum(qty) FILTER (NOT is_buyer_maker), 0),
       coalesce(sum(price * qty) FILTER (NOT is_buyer_maker), 0)
FROM (SELECT DISTINCT ON (trade_id) * FROM lake) GROUP BY slot ORDER BY slot
"""

_MINUTE_US = 60_000_000
_FIELDS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote volume",
    "trades",
    "taker volume",
    "taker quote volume",
)
_PLACES = (1, 2, 3, 4, 5, 7, 8, 9, 10)
"""Where those fields stand in a kline of the REST interface."""


@dataclass(frozen=True, slots=True)
class Candle:
    """What happened in one slot of time: prices in quote units, volumes in base and in quote units."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: Decimal
    taker_volume: Decimal
    taker_quote_volume: Decimal


def candles(trades: Trades, minutes: int = 1) -> dict[datetime, Candle]:
    """Return the lake's candles by their start, slots of `minutes` without a trade left out."""
    width = minutes * _MINUTE_US
    rows = trades.rows(_CANDLES, width=width)
    return {
        datetime.fromtimestamp(int(str(slot)) * width // 1_000_000, UTC): Candle(
            *(Decimal(str(v)) for v in values)
        )
        for slot, *values in rows
    }


def check_candles(trades: Trades, exchange_url: str, symbol: str, hours: list[datetime]) -> Section:
    """Compare the candles of whole hours with the exchange's klines.

    Raises:
        BadInput: the exchange does not answer.
    """
    section = Section("1-minute candles", ("hour", "minutes with trades", "equal to the exchange's klines"))
    ours, nothing = candles(trades), Candle(*[Decimal(0)] * len(_FIELDS))
    for hour in hours:
        klines = _klines(exchange_url, symbol, hour)
        traded = {start: candle for start, candle in klines.items() if candle.trades}
        lake = {start: candle for start, candle in ours.items() if hour <= start < hour + HOUR}
        equal = sum(lake.get(start) == candle for start, candle in traded.items())
        section.rows.append((f"{hour:%Y-%m-%d %H:00}", str(len(lake)), f"{equal} of {len(traded)}"))
        section.demand(
            len(klines) == 60, f"hour {hour:%Y-%m-%dT%H}: the exchange has {len(klines)} klines, not 60"
        )
        for start in sorted(traded.keys() | lake):
            for field, (mine, theirs) in _differences(
                lake.get(start, nothing), traded.get(start, nothing)
            ).items():
                section.failures.append(
                    f"candle {start:%Y-%m-%dT%H:%M}: {field} {mine}, the exchange's {theirs}"
                )
    return section


def _differences(mine: Candle, theirs: Candle) -> dict[str, tuple[Decimal, Decimal]]:
    pairs = zip(_FIELDS, astuple(mine), astuple(theirs), strict=True)
    return {field: (left, right) for field, left, right in pairs if left != right}


def _klines(exchange_url: str, symbol: str, hour: datetime) -> dict[datetime, Candle]:
    start, end = int(hour.timestamp() * 1000), int((hour + HOUR).timestamp() * 1000) - 1
    query: dict[str, str | int] = {
        "symbol": symbol,
        "interval": "1m",
        "startTime": start,
        "endTime": end,
        "limit": 1000,
    }
    try:
        answer = httpx.get(f"{exchange_url}/api/v3/klines", params=query, timeout=20)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise BadInput(f"--exchange-url {exchange_url}: {error}") from error
    return {
        datetime.fromtimestamp(row[0] / 1000, UTC): Candle(*(Decimal(row[place]) for place in _PLACES))
        for row in answer.json()
    }

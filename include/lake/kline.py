"""The exchange's closed 1-minute kline: a second, independent certificate of a minute's trades."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from functools import reduce

import msgspec

_EXACT = Context(prec=100, traps=[Inexact])
"""The default context rounds to 28 digits: a busy pair of a small currency has more."""


class Kline(msgspec.Struct, frozen=True):
    """A closed kline, in Binance's own field names (spot API, "Kline/Candlestick Streams").

    Attributes:
        t: start of the minute, microseconds since 1970.
        f: first trade id, -1 where the minute had none.
        L: last trade id, -1 where the minute had none.
        n: number of trades.
        v: volume, base units, decimal text.
        q: volume, quote units.
        V: taker buy volume, base units.
        Q: taker buy volume, quote units.
        o: open price.
        h: high price.
        l: low price.
        c: close price.
    """

    t: int
    f: int
    L: int
    n: int
    v: str
    q: str
    V: str
    Q: str
    o: str
    h: str
    l: str  # noqa: E741 - the exchange's name
    c: str


class Totals(msgspec.Struct, frozen=True):
    """Sums over trades, as a kline has them: decimal text; they add up over disjoint objects."""

    v: str
    q: str
    V: str
    Q: str


def add_totals(parts: Iterable[Totals]) -> Totals:
    """Add up the totals of disjoint sets of trades, exactly."""
    held = list(parts)
    return Totals(*(_sum(getattr(part, name) for part in held) for name in Totals.__struct_fields__))


def same_amounts(kline: Kline, totals: Totals) -> bool:
    """Say whether the sums equal the kline's, as numbers."""
    return all(
        Decimal(getattr(kline, name)) == Decimal(getattr(totals, name)) for name in Totals.__struct_fields__
    )


def _sum(texts: Iterable[str]) -> str:
    return format(reduce(_EXACT.add, map(Decimal, texts), Decimal(0)), "f")

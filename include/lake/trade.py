"""A trade, as the whole lake holds it: exact decimal text, microseconds."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from include.errors import InvalidRecord

Source = Literal["ws", "sbe", "rest", "archive"]
"""Where a trade was got from."""

SCALE = 8
PRICE_DIGITS = 18
QTY_DIGITS = 19
"""``price`` is decimal(18,8), ``qty`` decimal(19,8): their product is exact in decimal(38,16)."""

_CANONICAL = re.compile(r"(?:0|[1-9]\d*)\.\d{8}", re.ASCII)
_DECIMAL = re.compile(r"(\d+)(?:\.(\d*))?", re.ASCII)


class Trade(msgspec.Struct, array_like=True, tag=0, gc=False, frozen=True):
    """One spot trade.

    Attributes:
        trade_id: the exchange's id, consecutive per symbol.
        price: quote units per base unit, decimal text with 8 places.
        qty: base units, decimal text with 8 places.
        trade_ts_us: trade time ``T``, microseconds since 1970.
        event_ts_us: event time ``E``, microseconds since 1970; None where the source has none.
        ingest_ts_us: our clock at receipt, microseconds since 1970.
        is_buyer_maker: true where the taker sold.
        time_precision: precision of the source's times: ``ms`` or ``us``.
    """

    trade_id: int
    price: str
    qty: str
    trade_ts_us: int
    event_ts_us: int | None
    ingest_ts_us: int
    is_buyer_maker: bool
    time_precision: str


def decimal_text(name: str, text: str, digits: int) -> str:
    """Return a non-negative decimal with exactly 8 places.

    Args:
        name: what it is, for the message.
        text: as the exchange sent it.
        digits: digits in all, places included, that the column holds.

    Raises:
        InvalidRecord: not a decimal, or more than the column holds. Nothing is ever rounded.
    """
    if len(text) <= digits + 1 and _CANONICAL.fullmatch(text):
        return text
    found = _DECIMAL.fullmatch(text)
    if not found:
        raise InvalidRecord(f"{name}={text!r} is not a decimal number")
    whole, places = found[1].lstrip("0") or "0", (found[2] or "").rstrip("0")
    if len(places) > SCALE or len(whole) > digits - SCALE:
        raise InvalidRecord(f"{name}={text!r} exceeds decimal({digits},{SCALE})")
    return f"{whole}.{places:0<{SCALE}}"

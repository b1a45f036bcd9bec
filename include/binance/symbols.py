"""Whether a symbol's prices and quantities fit the lake's columns."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from include.errors import InvalidRecord
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, SCALE


def check_fits(entry: dict[str, Any]) -> None:
    """Check a symbol's entry of ``exchangeInfo`` against the types of the columns.

    Raises:
        InvalidRecord: names the symbol, the filter, the value and what the column holds.
    """
    for kind, step, largest, digits in (
        ("PRICE_FILTER", "tickSize", "maxPrice", PRICE_DIGITS),
        ("LOT_SIZE", "stepSize", "maxQty", QTY_DIGITS),
    ):
        for rule in _filters(entry, kind):
            for name in (step, largest):
                if not _fits(Decimal(rule[name]), digits):
                    raise InvalidRecord(
                        f"{entry['symbol']}: {kind}.{name}={rule[name]} exceeds decimal({digits},{SCALE})"
                    )


def _filters(entry: dict[str, Any], kind: str) -> Iterable[dict[str, str]]:
    return (rule for rule in entry["filters"] if rule["filterType"] == kind)


def _fits(value: Decimal, digits: int) -> bool:
    places = value.normalize().as_tuple().exponent
    return isinstance(places, int) and -places <= SCALE and value < Decimal(10) ** (digits - SCALE)

"""A few exact figures about a table of trades: what the downstream examples compute."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.lake.encoding import totals

_VWAP_PLACES = Decimal("0.00000001")


def summarise(trades: pa.Table) -> dict[str, Any]:
    """Summarise trades.

    Args:
        trades: a table of ``include.lake.encoding.SCHEMA`` in id order.

    Returns:
        ``count``, ``first_id``, ``last_id``; ``high``, ``low``, ``volume`` (base units), ``quote_volume`` and
        ``vwap`` (quote volume by volume, rounded to 8 places) as decimal text; None where there is no trade.
    """
    sums = totals(trades)
    volume = Decimal(sums.v)
    ids, prices = pc.min_max(trades["trade_id"]).as_py(), pc.min_max(trades["price"]).as_py()
    return {
        "count": trades.num_rows,
        "first_id": ids["min"],
        "last_id": ids["max"],
        "high": _text(prices["max"]),
        "low": _text(prices["min"]),
        "volume": sums.v,
        "quote_volume": sums.q,
        "vwap": _text((Decimal(sums.q) / volume).quantize(_VWAP_PLACES)) if volume else None,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")

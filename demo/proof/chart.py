"""A candle chart for the terminal: one column a candle, two half-cells a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from demo.proof.candles import Candle

_CELLS = {
    ("", ""): " ",
    ("wick", "wick"): "│",
    ("body", "body"): "┃",
    ("wick", "body"): "╽",
    ("body", "wick"): "╿",
    ("", "body"): "╻",
    ("body", ""): "╹",
    ("", "wick"): "╷",
    ("wick", ""): "╵",
}
"""What a cell shows, by what its upper and its lower half hold."""

_BARS = " ▁▂▃▄▅▆▇█"


def draw(candles: Sequence[Candle | None], lines: int = 14) -> Text:
    """Draw candles, with their prices on the left and their volumes below.

    Args:
        candles: one a column, at least one of them not None; None leaves its column empty.
        lines: height of the price area.

    Returns:
        `lines` + 1 lines, rising candles in green, falling ones in red.
    """
    present = [candle for candle in candles if candle]
    low, high = min(candle.low for candle in present), max(candle.high for candle in present)
    half = (high - low) / (2 * lines) or Decimal(1)
    chart = Text()
    for line in range(lines):
        top = high - 2 * line * half
        chart.append(f"{top:>12,.2f} ", style="dim")
        for candle in candles:
            chart.append(_cell(candle, top, half), style=_colour(candle))
        chart.append("\n")
    return chart.append(f"{'volume':>12} ", style="dim").append(_volumes(candles), style="cyan")


def _cell(candle: Candle | None, top: Decimal, half: Decimal) -> str:
    if candle is None:
        return " "
    return _CELLS[_part(candle, top - half, top), _part(candle, top - 2 * half, top - half)]


def _part(candle: Candle, lower: Decimal, upper: Decimal) -> str:
    """Tell what of the candle lies between two prices."""
    if min(candle.open, candle.close) <= upper and max(candle.open, candle.close) >= lower:
        return "body"
    return "wick" if candle.low <= upper and candle.high >= lower else ""


def _colour(candle: Candle | None) -> str:
    return "green" if candle and candle.close >= candle.open else "red"


def _volumes(candles: Sequence[Candle | None]) -> str:
    volumes = [candle.volume if candle else Decimal(0) for candle in candles]
    highest = max(volumes) or Decimal(1)
    return "".join(_BARS[math.ceil(volume / highest * (len(_BARS) - 1))] for volume in volumes)

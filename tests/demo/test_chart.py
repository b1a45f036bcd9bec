"""The candle chart, as a person sees it."""

from __future__ import annotations

from decimal import Decimal

from demo.proof.candles import Candle
from demo.proof.chart import draw


def candle(opened: int, high: int, low: int, closed: int, volume: int = 1) -> Candle:
    prices = [Decimal(price) for price in (opened, high, low, closed, volume)]
    return Candle(*prices, *[Decimal(0)] * 4)


def test_body_and_wicks():
    """Rising from 102 to 106 with wicks to 100 and 108, then nothing, then falling."""
    chart = draw([candle(102, 108, 100, 106), None, candle(107, 107, 102, 102, volume=4)], lines=4)
    assert chart.plain.splitlines() == [
        "      108.00 ╽ ┃",
        "      106.00 ┃ ┃",
        "      104.00 ┃ ┃",
        "      102.00 ╿ ╹",
        "      volume ▂ █",
    ]


def test_market_that_stands_still():
    chart = draw([candle(100, 100, 100, 100)], lines=2)
    assert chart.plain.splitlines()[0] == "      100.00 ╹"


def test_rising_is_green_and_falling_is_red():
    chart = draw([candle(100, 101, 100, 101), candle(101, 101, 100, 100)], lines=1)
    assert [span.style for span in chart.spans if span.style in ("green", "red")] == ["green", "red"]

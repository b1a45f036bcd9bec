"""Symbols that do not fit the columns."""

import pytest

from include.binance.symbols import check_fits
from include.errors import InvalidRecord

PRICE = {
    "filterType": "PRICE_FILTER",
    "minPrice": "0.01",
    "maxPrice": "1000000.00000000",
    "tickSize": "0.01000000",
}
LOT = {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00000000", "stepSize": "0.00001000"}
OTHER = {"filterType": "NOTIONAL", "minNotional": "5.00000000"}


def entry(price: dict[str, str], lot: dict[str, str]) -> dict[str, object]:
    return {"symbol": "BTCUSDT", "filters": [PRICE | price, LOT | lot, OTHER]}


@pytest.mark.parametrize(
    ("price", "lot"),
    [
        ({}, {}),
        ({"tickSize": "0.00000001", "maxPrice": "9999999999.99999999"}, {}),
        ({}, {"stepSize": "0.00000001", "maxQty": "99999999999.99999999"}),
        ({"tickSize": "0.0000000100"}, {"stepSize": "1.00000000"}),
    ],
)
def test_what_fits(price, lot):
    check_fits(entry(price, lot))


@pytest.mark.parametrize(
    ("price", "lot", "text"),
    [
        (
            {"tickSize": "0.000000001"},
            {},
            r"BTCUSDT: PRICE_FILTER.tickSize=0.000000001 exceeds decimal\(18,8\)",
        ),
        ({"maxPrice": "10000000000.0"}, {}, r"PRICE_FILTER.maxPrice=10000000000.0 exceeds decimal\(18,8\)"),
        ({}, {"stepSize": "0.000000001"}, r"LOT_SIZE.stepSize=0.000000001 exceeds decimal\(19,8\)"),
        ({}, {"maxQty": "100000000000"}, r"LOT_SIZE.maxQty=100000000000 exceeds decimal\(19,8\)"),
    ],
)
def test_what_does_not_fit(price, lot, text):
    with pytest.raises(InvalidRecord, match=text):
        check_fits(entry(price, lot))

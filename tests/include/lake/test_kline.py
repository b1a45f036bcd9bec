"""Sums of a kline."""

from hypothesis import given
from hypothesis import strategies as st

from include.lake.encoding import to_table, totals
from include.lake.kline import Totals, add_totals, same_amounts
from tests.include.lake.made import NO_TRADES, decimals, kline, totals_of, trade

ROWS = st.lists(
    st.builds(
        lambda price, qty, maker: trade(1, price=price, qty=qty, maker=maker),
        decimals(14),
        decimals(15),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
def test_sums_are_exact(rows):
    sums = totals(to_table(rows, "BTCUSDT", "ws"))
    assert same_amounts(kline(0, 1, 2, sums), totals_of(rows))


@given(ROWS, st.integers(0, 20))
def test_sums_of_disjoint_parts_add_up(rows, cut):
    parts = [totals_of(part) for part in (rows[:cut], rows[cut:]) if part]
    assert same_amounts(kline(0, 1, 2, totals_of(rows)), add_totals(parts))


def test_no_parts_add_up_to_nothing():
    assert add_totals([]) == NO_TRADES


def test_amounts_are_compared_as_numbers():
    assert same_amounts(
        kline(0, 1, 1, Totals("1.50000000", "2", "0", "0.0")), Totals("1.5", "2.0", "0.00", "0")
    )
    assert not same_amounts(kline(0, 1, 1, Totals("1.50000001", "2", "0", "0")), Totals("1.5", "2", "0", "0"))

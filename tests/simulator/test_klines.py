"""Klines as sums over trades."""

from simulator.klines import KlineBook
from simulator.settings import MINUTE_US
from simulator.trades import SCALE, Trade, decimal_text, quote_quantity

BEGIN = 1_795_150_800_000_000


def trade(trade_id: int, price: int, quantity: int, offset_us: int, is_buyer_maker: bool) -> Trade:
    return Trade(
        "BTCUSDT", trade_id, price * SCALE, quantity * SCALE // 10, BEGIN + offset_us, is_buyer_maker
    )


def test_a_minute_adds_up_its_trades():
    book = KlineBook("BTCUSDT", BEGIN, 50 * SCALE)
    for one in (trade(7, 100, 1, 5, True), trade(8, 110, 2, 5, False), trade(9, 90, 3, MINUTE_US - 1, False)):
        book.add(one)
    kline = book.minute(BEGIN)
    assert (kline.first_id, kline.last_id, kline.trades) == (7, 9, 3)
    assert [decimal_text(value) for value in (kline.open, kline.high, kline.low, kline.close)] == [
        "100.00000000",
        "110.00000000",
        "90.00000000",
        "90.00000000",
    ]
    assert (decimal_text(kline.volume), decimal_text(kline.quote_volume)) == ("0.60000000", "59.00000000")
    assert decimal_text(kline.taker_buy_volume) == "0.50000000"
    assert decimal_text(kline.taker_buy_quote_volume) == "49.00000000"


def test_an_empty_minute_repeats_the_close_before_it():
    book = KlineBook("BTCUSDT", BEGIN, 50 * SCALE)
    book.add(trade(7, 100, 1, 5, True))
    kline = book.minute(BEGIN + 2 * MINUTE_US)
    assert (kline.first_id, kline.last_id, kline.trades, kline.volume) == (-1, -1, 0, 0)
    assert {kline.open, kline.high, kline.low, kline.close} == {100 * SCALE}
    assert [found.open_us - BEGIN for found in book.between(BEGIN, BEGIN + 2 * MINUTE_US)] == [
        0,
        MINUTE_US,
        2 * MINUTE_US,
    ]


def test_the_first_minute_opens_at_the_opening_price_while_it_is_empty():
    assert KlineBook("BTCUSDT", BEGIN, 50 * SCALE).minute(BEGIN).close == 50 * SCALE


def test_quote_quantity_is_exact_for_the_tick_and_lot_size():
    one = Trade("BTCUSDT", 1, 6_183_763_000_000, 1_000, BEGIN, True)
    assert decimal_text(quote_quantity(one)) == "0.61837630"

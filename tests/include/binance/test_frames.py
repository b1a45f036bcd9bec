"""Frames of the exchange: exact, or refused."""

import gzip
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.binance.frames import KlineEvent, ServerShutdown, TradeEvent, decode_frame, to_kline, to_trade
from include.errors import InvalidRecord
from include.lake.kline import Kline
from include.lake.times import from_us
from tests.include.lake.made import tape_files

TRADE = {
    "e": "trade", "E": 1723161255343, "s": "BTCUSDT", "t": 3735683259, "p": "61837.63000000",
    "q": "0.02000000", "T": 1723161255342, "m": True, "M": True,
}  # fmt: skip
BODY = {
    "t": 1723161240000, "T": 1723161299999, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 102, "o": "1.0",
    "c": "1.1", "h": "1.2", "l": "0.9", "v": "3.00000000", "n": 3, "x": True, "q": "1.85", "V": "1.0",
    "Q": "0.6", "B": "0",
}  # fmt: skip
KLINE = {"e": "kline", "E": 1723161300007, "s": "BTCUSDT", "k": BODY}


def frame(data: object, stream: str = "btcusdt@trade") -> bytes:
    return json.dumps({"stream": stream, "data": data}).encode()


def trade_of(**changes: object) -> TradeEvent:
    event = decode_frame(frame(TRADE | changes))
    assert isinstance(event, TradeEvent)
    return event


def test_a_trade_in_milliseconds():
    held = to_trade(trade_of(), 5)
    assert msgspec.structs.astuple(held) == (
        3735683259, "61837.63000000", "0.02000000", 1723161255342000, 1723161255343000, 5, True, "ms",
    )  # fmt: skip


def test_a_trade_in_microseconds():
    held = to_trade(trade_of(T=1723161255342718, E=1723161255343001), 5)
    assert (held.trade_ts_us, held.event_ts_us, held.time_precision) == (
        1723161255342718,
        1723161255343001,
        "us",
    )


def test_a_value_beyond_its_column_is_refused():
    with pytest.raises(InvalidRecord, match=r"price='10000000000.00000000' exceeds decimal\(18,8\)"):
        to_trade(trade_of(p="10000000000.00000000"), 0)


@pytest.mark.parametrize(("unit", "start"), [(1, 1723161240000), (1000, 1723161240000000)])
def test_a_closed_kline(unit, start):
    event = decode_frame(frame(KLINE | {"k": BODY | {"t": start}}))
    assert isinstance(event, KlineEvent)
    assert to_kline(event) == Kline(
        t=1723161240000000, f=100, L=102, n=3, v="3.00000000", q="1.85", V="1.0", Q="0.6",
        o="1.0", h="1.2", l="0.9", c="1.1",
    )  # fmt: skip


def test_an_open_kline_is_none():
    event = decode_frame(frame(KLINE | {"k": BODY | {"x": False}}))
    assert isinstance(event, KlineEvent)
    assert to_kline(event) is None


def test_a_kline_without_trades():
    event = decode_frame(frame(KLINE | {"k": BODY | {"f": -1, "L": -1, "n": 0}}))
    assert isinstance(event, KlineEvent)
    assert to_kline(event) is not None


def test_the_server_goes_away():
    assert decode_frame(frame({"e": "serverShutdown", "E": 1723161300007})) == ServerShutdown(1723161300007)


@pytest.mark.parametrize(
    "change",
    [{"t": value} for value in (-1, 2**63, 10**30, 1.5, "1", None, True)]
    + [{name: value} for name in ("T", "E") for value in (-1, 10**18, 10**30, "now", None)]
    + [{"p": 61837.63}, {"q": None}, {"m": "true"}, {"m": 1}, {"e": "depthUpdate"}, {"e": 1}, {"s": 5}],
)
def test_a_trade_that_is_none_is_refused(change):
    with pytest.raises(msgspec.MsgspecError):
        decode_frame(frame(TRADE | change))


@pytest.mark.parametrize(
    "change",
    [{name: value} for name in "vqVQ" for value in ("NaN", "", "-1", "1e9", "1.", "sNaN", 1, None)]
    + [{"n": -1}, {"f": -2}, {"L": 2**63}, {"t": 10**18}, {"x": 1}],
)
def test_a_kline_that_is_none_is_refused(change):
    """Its numbers are compared when it is uploaded: a wrong one must not come that far."""
    with pytest.raises(msgspec.MsgspecError):
        decode_frame(frame(KLINE | {"k": BODY | change}))


@pytest.mark.parametrize("event", [TRADE, KLINE])
def test_a_missing_field_is_refused(event):
    used = set("EstpqTmk") & set(event)
    for name in used:
        with pytest.raises(msgspec.MsgspecError):
            decode_frame(frame({key: value for key, value in event.items() if key != name}))


def test_every_truncation_is_refused():
    body = frame(TRADE)
    for length in range(len(body)):
        with pytest.raises(msgspec.MsgspecError):
            decode_frame(body[:length])


@given(st.binary(max_size=60), st.integers(0, len(frame(TRADE))), st.integers(0, 20))
def test_damaged_bytes_are_refused_or_give_a_usable_trade(foreign, place, cut):
    """Whatever comes, the collector goes on: no other exception, and no value without a place in the lake."""
    whole = frame(TRADE)
    try:
        event = decode_frame(whole[:place] + foreign + whole[place + cut :])
        if isinstance(event, TradeEvent):
            held = to_trade(event, 0)
            from_us(held.trade_ts_us)
            msgspec.msgpack.encode(held)
    except (msgspec.MsgspecError, InvalidRecord):
        pass


@pytest.mark.parametrize(
    "body", [b'{"stream":"x","data":{"e":"trade","s":"\xff\xfe"}}', b"\xff", b'{"data":{"\xff":1}}']
)
def test_bytes_that_are_no_text_are_refused_as_any_other_damage(body):
    with pytest.raises(msgspec.MsgspecError):
        decode_frame(body)


def test_every_trade_of_the_recorded_frames_is_exact():
    count = 0
    for path in tape_files():
        with gzip.open(path) as lines:
            for line in lines:
                raw = line.split(b" ", 1)[1]
                if b'@trade"' not in raw:
                    continue
                sent = json.loads(raw)["data"]
                event = decode_frame(raw)
                assert isinstance(event, TradeEvent)
                held = to_trade(event, 0)
                assert (held.trade_id, held.price, held.qty) == (sent["t"], sent["p"], sent["q"])
                assert (held.trade_ts_us, held.event_ts_us) == (sent["T"] * 1000, sent["E"] * 1000)
                assert held.is_buyer_maker is sent["m"]
                count += 1
    assert count == 19_904


def test_decimals_are_text_all_the_way():
    held = to_trade(trade_of(p="0.1", q="7"), 0)
    assert (held.price, held.qty) == ("0.10000000", "7.00000000")
    assert Decimal(held.price) == Decimal("0.1")

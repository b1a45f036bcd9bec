"""Frames, byte for byte."""

import pytest

from simulator.frames import FrameFormat, kline_data, trade_data, websocket_text_frame
from simulator.klines import Kline
from simulator.trades import Trade

TRADE = Trade("BTCUSDT", 3735683259, 6_183_763_000_000, 2_000_000, 1_723_161_255_342_718, True)
KLINE = Kline(
    "BTCUSDT",
    1_723_161_240_000_000,
    6_183_763_000_000,
    6_183_764_000_000,
    6_183_762_000_000,
    6_183_763_000_000,
    100,
    102,
    3_000_000,
    3,
    185_512_890_000,
    1_000_000,
    61_837_630_000,
)
EMPTY = Kline("BTCUSDT", 1_723_161_240_000_000, *[6_183_763_000_000] * 4)
RAW_MS, COMBINED_MS = FrameFormat(False, False), FrameFormat(True, False)
RAW_US, COMBINED_US = FrameFormat(False, True), FrameFormat(True, True)

TRADE_MS = (
    '{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000",'
    '"T":1723161255342,"m":true,"M":true}'
)
TRADE_US = (
    '{"e":"trade","E":1723161255343900,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000",'
    '"T":1723161255342718,"m":true,"M":true}'
)


@pytest.mark.parametrize(
    ("frame_format", "expected"),
    [
        (RAW_MS, TRADE_MS),
        (RAW_US, TRADE_US),
        (COMBINED_MS, f'{{"stream":"btcusdt@trade","data":{TRADE_MS}}}'),
        (COMBINED_US, f'{{"stream":"btcusdt@trade","data":{TRADE_US}}}'),
    ],
)
def test_trade(frame_format, expected):
    data = trade_data(TRADE, 1_723_161_255_343_900, frame_format)
    assert frame_format.wrap("btcusdt@trade", data) == expected


def test_seller_is_maker():
    data = trade_data(TRADE._replace(is_buyer_maker=False), 1_723_161_255_343_900, RAW_MS)
    assert data == TRADE_MS.replace('"m":true', '"m":false')


def test_closed_kline_in_milliseconds():
    assert kline_data(KLINE, 1_723_161_300_012_345, True, RAW_MS) == (
        '{"e":"kline","E":1723161300012,"s":"BTCUSDT","k":{"t":1723161240000,"T":1723161299999,"s":"BTCUSDT",'
        '"i":"1m","f":100,"L":102,"o":"61837.63000000","c":"61837.63000000","h":"61837.64000000",'
        '"l":"61837.62000000","v":"0.03000000","n":3,"x":true,"q":"1855.12890000","V":"0.01000000",'
        '"Q":"618.37630000","B":"0"}}'
    )


def test_empty_kline_in_microseconds():
    assert kline_data(EMPTY, 1_723_161_242_012_345, False, RAW_US) == (
        '{"e":"kline","E":1723161242012345,"s":"BTCUSDT","k":{"t":1723161240000000,"T":1723161299999999,'
        '"s":"BTCUSDT","i":"1m","f":-1,"L":-1,"o":"61837.63000000","c":"61837.63000000","h":"61837.63000000",'
        '"l":"61837.63000000","v":"0.00000000","n":0,"x":false,"q":"0.00000000","V":"0.00000000",'
        '"Q":"0.00000000","B":"0"}}'
    )


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_websocket_header_has_the_length_in_its_shortest_form(length, header):
    assert websocket_text_frame("x" * length) == header + b"x" * length

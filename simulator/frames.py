"""Texts of the exchange's stream frames, and their WebSocket encoding.

Shapes and key order are those of live frames (binance-spot-api-docs, web-socket-streams.md).
"""

import struct
from typing import NamedTuple

from simulator.klines import Kline
from simulator.settings import MINUTE_US
from simulator.trades import Trade, decimal_text


class FrameFormat(NamedTuple):
    """How a connection wants its frames: ``/stream`` or ``/ws`` shape, and the unit of all times."""

    combined: bool
    microseconds: bool

    def time(self, time_us: int) -> int:
        """A time in this format's unit."""
        return time_us if self.microseconds else time_us // 1000

    def wrap(self, stream: str, data: str) -> str:
        """A raw payload in this format's shape."""
        return f'{{"stream":"{stream}","data":{data}}}' if self.combined else data


def trade_data(trade: Trade, event_us: int, frame_format: FrameFormat) -> str:
    """Payload of a ``<symbol>@trade`` frame."""
    return (
        f'{{"e":"trade","E":{frame_format.time(event_us)},"s":"{trade.symbol}","t":{trade.trade_id},'
        f'"p":"{decimal_text(trade.price)}","q":"{decimal_text(trade.quantity)}",'
        f'"T":{frame_format.time(trade.time_us)},"m":{"true" if trade.is_buyer_maker else "false"},"M":true}}'
    )


def kline_data(kline: Kline, event_us: int, is_closed: bool, frame_format: FrameFormat) -> str:
    """Payload of a ``<symbol>@kline_1m`` frame."""
    close_us = kline.open_us + MINUTE_US - 1
    return (
        f'{{"e":"kline","E":{frame_format.time(event_us)},"s":"{kline.symbol}","k":{{'
        f'"t":{frame_format.time(kline.open_us)},"T":{frame_format.time(close_us)},"s":"{kline.symbol}","i":"1m",'
        f'"f":{kline.first_id},"L":{kline.last_id},"o":"{decimal_text(kline.open)}","c":"{decimal_text(kline.close)}",'
        f'"h":"{decimal_text(kline.high)}","l":"{decimal_text(kline.low)}","v":"{decimal_text(kline.volume)}",'
        f'"n":{kline.trades},"x":{"true" if is_closed else "false"},"q":"{decimal_text(kline.quote_volume)}",'
        f'"V":"{decimal_text(kline.taker_buy_volume)}","Q":"{decimal_text(kline.taker_buy_quote_volume)}","B":"0"}}}}'
    )


def websocket_text_frame(text: str) -> bytes:
    """One unmasked WebSocket text frame (RFC 6455, 5.2).

    Encoded here and not by the WebSocket library, because a server's frame is the same for every client:
    it is made once, and a tick's frames go to each socket in one write.
    """
    payload = text.encode()
    if len(payload) < 126:
        return b"\x81" + bytes((len(payload),)) + payload
    if len(payload) < 65536:
        return struct.pack("!BBH", 0x81, 126, len(payload)) + payload
    return struct.pack("!BBQ", 0x81, 127, len(payload)) + payload

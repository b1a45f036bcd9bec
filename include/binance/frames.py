"""Binance's WebSocket frames (spot API, "WebSocket Streams"), decoded into the lake's records.

Combined frames only: ``{"stream": "btcusdt@trade", "data": {"e": "trade", ...}}``. Times come in milliseconds
or microseconds (``timeUnit``) and are told apart by magnitude.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from include.lake.kline import Kline
from include.lake.times import exchange_time
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, Trade, decimal_text

_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_IdOrNone = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
_Time = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000_000)]
"""Up to the year 9999, in either unit: a later one has no key."""
_Amount = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?$")]


class TradeEvent(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    """``<symbol>@trade``."""

    E: _Time
    s: str
    t: _Id
    p: str
    q: str
    T: _Time
    m: bool


class _KlineBody(msgspec.Struct, gc=False):
    t: _Time
    f: _IdOrNone
    L: _IdOrNone
    n: _Id
    x: bool
    v: _Amount
    q: _Amount
    V: _Amount
    Q: _Amount
    o: str
    h: str
    l: str  # noqa: E741 - the exchange's name
    c: str


class KlineEvent(msgspec.Struct, tag_field="e", tag="kline", gc=False):
    """``<symbol>@kline_1m``."""

    E: _Time
    s: str
    k: _KlineBody


class ServerShutdown(msgspec.Struct, tag_field="e", tag="serverShutdown"):
    """The server goes away: open a new connection at once."""

    E: int


Event = TradeEvent | KlineEvent | ServerShutdown


class _Combined(msgspec.Struct, gc=False):
    data: Event


_decoder = msgspec.json.Decoder(_Combined)


def decode_frame(frame: bytes) -> Event:
    """Decode a combined frame.

    Raises:
        msgspec.MsgspecError: malformed, or an event that we did not ask for.
    """
    try:
        return _decoder.decode(frame).data
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def to_trade(event: TradeEvent, ingest_ts_us: int) -> Trade:
    """Turn a trade frame into a record of the lake, exactly.

    Args:
        event: the frame.
        ingest_ts_us: our clock at receipt.

    Raises:
        InvalidRecord: a value exceeds its column.
    """
    trade_ts_us, precision = exchange_time(event.T)
    return Trade(
        event.t,
        decimal_text("price", event.p, PRICE_DIGITS),
        decimal_text("qty", event.q, QTY_DIGITS),
        trade_ts_us,
        exchange_time(event.E)[0],
        ingest_ts_us,
        event.m,
        precision,
    )


def to_kline(event: KlineEvent) -> Kline | None:
    """Return the kline of a frame that closes it, else None."""
    body = event.k
    if not body.x:
        return None
    start = exchange_time(body.t)[0]
    return Kline(
        t=start, f=body.f, L=body.L, n=body.n, v=body.v, q=body.q, V=body.V, Q=body.Q,
        o=body.o, h=body.h, l=body.l, c=body.c,
    )  # fmt: skip

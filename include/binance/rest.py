"""Binance's REST API (spot API, "Market Data endpoints"), as far as the lake needs it."""

from __future__ import annotations

from collections.abc import Sequence
from time import time_ns
from typing import Any, TypeVar

import msgspec
import urllib3

from include.errors import ExchangeError, InvalidRecord, UnknownSymbol
from include.lake.times import exchange_time
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, Trade, decimal_text

HISTORICAL_LIMIT = 1000
"""Rows that one call of ``historicalTrades`` gives at most (weight 25)."""

_USER_AGENT = "bitcoin-trade-lake"


class _TradeRow(msgspec.Struct):
    id: int
    price: str
    qty: str
    time: int
    isBuyerMaker: bool


_INVALID_SYMBOL = b'"code":-1121'
"""Binance's "Invalid symbol." (spot API, "Errors")."""


class _ExchangeInfo(msgspec.Struct):
    symbols: list[dict[str, Any]]


_Answer = TypeVar("_Answer")


class BinanceRest:
    """A client of the public endpoints; every method raises ``ExchangeError`` where it gets no answer to use.

    Time-outs, 429 (with ``Retry-After``) and server errors are retried by urllib3; 418 is a ban and is not.

    Args:
        base_url: such as ``https://api.binance.com``.
        retries: how often a call is tried again before it fails.
    """

    def __init__(self, base_url: str, *, retries: int = 5) -> None:
        self._base_url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=20),
            retries=urllib3.Retry(
                total=retries,
                backoff_factor=0.5,
                backoff_jitter=0.5,
                status_forcelist=(429, 500, 502, 503, 504),
                raise_on_status=False,
            ),
            headers={"User-Agent": _USER_AGENT, "X-MBX-TIME-UNIT": "MICROSECOND"},
        )

    def exchange_info(self, symbol: str) -> dict[str, Any]:
        """Return the symbol's entry of ``exchangeInfo``."""
        what = f"exchangeInfo of {symbol}"
        info = _decoded(self._get("/api/v3/exchangeInfo", {"symbol": symbol}), _ExchangeInfo, what)
        for entry in info.symbols:
            if entry.get("symbol") == symbol:
                return entry
        raise ExchangeError(f"{what}: the answer does not hold it")

    def historical_trades(self, symbol: str, from_id: int, limit: int = HISTORICAL_LIMIT) -> list[Trade]:
        """Return trades from an id on, that id included, in id order; fewer than ``limit`` at the end.

        The exchange may answer with later ids than asked for: then it does not have the ones before.
        """
        fields = {"symbol": symbol, "fromId": str(from_id), "limit": str(limit)}
        what = f"historicalTrades of {symbol} from {from_id}"
        rows = _decoded(self._get("/api/v3/historicalTrades", fields), list[_TradeRow], what)
        _check_order(rows, from_id, what)
        now = time_ns() // 1000
        try:
            return [_to_trade(row, now) for row in rows]
        except InvalidRecord as error:
            raise ExchangeError(f"{what}: {error}") from error

    def _get(self, path: str, fields: dict[str, str]) -> bytes:
        try:
            answer = self._pool.request("GET", self._base_url + path, fields=fields)
        except urllib3.exceptions.HTTPError as error:
            raise ExchangeError(f"{self._base_url}{path} cannot be reached: {error}") from error
        if answer.status != 200:
            kind = UnknownSymbol if _INVALID_SYMBOL in answer.data else ExchangeError
            raise kind(f"{self._base_url}{path} answered {answer.status}: {answer.data[:200]!r}")
        return answer.data


def _decoded(body: bytes, kind: type[_Answer], what: str) -> _Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{what}: {error}") from error


def _check_order(rows: Sequence[_TradeRow], from_id: int, what: str) -> None:
    """Paging relies on it: ids that fall back would be asked for without end."""
    following = from_id
    for row in rows:
        if row.id < following:
            raise ExchangeError(f"{what}: id {row.id} where {following} or later was due")
        following = row.id + 1


def _to_trade(row: _TradeRow, ingest_ts_us: int) -> Trade:
    trade_ts_us, precision = exchange_time(row.time)
    return Trade(
        row.id,
        decimal_text("price", row.price, PRICE_DIGITS),
        decimal_text("qty", row.qty, QTY_DIGITS),
        trade_ts_us,
        None,
        ingest_ts_us,
        row.isBuyerMaker,
        precision,
    )

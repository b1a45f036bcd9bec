"""The exchange's REST endpoints under ``/api/v3``."""

import itertools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator import rest_parameters as parameters
from simulator.clock import Clock
from simulator.exchange import Exchange
from simulator.exchange_info import exchange_info
from simulator.faults import ActiveFaults
from simulator.klines import Kline
from simulator.rest_parameters import RestError
from simulator.settings import MINUTE_US
from simulator.trades import Trade, decimal_text, quote_quantity
from simulator.weights import WEIGHT_LIMIT, RequestWeights

Handler = Callable[[web.Request], Any]
END_OF_TIME_US = 2**62


class RestApi:
    """Answers from what the exchange has published so far."""

    def __init__(self, exchange: Exchange, clock: Clock, faults: ActiveFaults) -> None:
        self._exchange = exchange
        self._clock = clock
        self._faults = faults
        self._weights = RequestWeights()
        self._symbols = tuple(exchange.histories)

    def add_routes(self, app: web.Application) -> None:
        """Serve all endpoints, each with its documented weight."""
        endpoints: dict[str, tuple[int, Handler]] = {
            "ping": (1, self._ping),
            "time": (1, self._time),
            "exchangeInfo": (20, self._exchange_info),
            "historicalTrades": (25, self._historical_trades),
            "klines": (2, self._klines),
        }
        for name, (weight, handler) in endpoints.items():
            app.router.add_get(f"/api/v3/{name}", self._endpoint(weight, handler))

    def _endpoint(
        self, weight: int, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            used = self._weights.use(request.remote or "", weight)
            try:
                if used > WEIGHT_LIMIT:
                    raise RestError(-1003, "Too much request weight used; please use WebSocket Streams.", 429)
                response = _json(handler(request))
            except RestError as error:
                response = _json({"code": error.code, "msg": error.message}, error.status)
                if error.status == 429:
                    response.headers["Retry-After"] = str(self._weights.seconds_left())
            response.headers["X-MBX-USED-WEIGHT"] = response.headers["X-MBX-USED-WEIGHT-1M"] = str(used)
            return response

        return answer

    def _ping(self, request: web.Request) -> dict[str, Any]:
        return {}

    def _time(self, request: web.Request) -> dict[str, Any]:
        return {"serverTime": _time_in_unit(request)(self._clock.now_us())}

    def _exchange_info(self, request: web.Request) -> dict[str, Any]:
        symbols = [parameters.check_symbol(symbol, self._symbols) for symbol in self._asked_symbols(request)]
        return exchange_info(symbols, _time_in_unit(request)(self._clock.now_us()))

    def _asked_symbols(self, request: web.Request) -> list[str]:
        if "symbol" in request.query and "symbols" in request.query:
            raise RestError(-1128, "Combination of optional parameters invalid.")
        if "symbol" in request.query:
            return [parameters.required_text(request, "symbol")]
        if "symbols" not in request.query:
            return list(self._symbols)
        if not re.fullmatch(r'\["[^"]+"(,"[^"]+")*\]', request.query["symbols"]):
            raise RestError(-1100, "Illegal characters found in parameter 'symbols'.")
        return [str(symbol) for symbol in json.loads(request.query["symbols"])]

    def _historical_trades(self, request: web.Request) -> list[dict[str, Any]]:
        history = self._exchange.histories[parameters.known_symbol(request, self._symbols)]
        limit = parameters.limit(request)
        first_id = parameters.optional_number(request, "fromId")
        trades = history.latest(limit) if first_id is None else history.from_id(first_id)
        visible = (trade for trade in trades if not self._faults.withholds_at_rest(trade))
        in_unit = _time_in_unit(request)
        return [_trade_row(trade, in_unit) for trade in itertools.islice(visible, limit)]

    def _klines(self, request: web.Request) -> list[list[Any]]:
        symbol = parameters.known_symbol(request, self._symbols)
        if parameters.required_text(request, "interval") != "1m":
            raise RestError(-1120, "Invalid interval.")
        limit = parameters.limit(request)
        start_us = parameters.optional_time(request, "startTime")
        end_us = parameters.optional_time(request, "endTime")
        book = self._exchange.books.get(symbol)
        klines = book.between(start_us or 0, END_OF_TIME_US if end_us is None else end_us) if book else []
        chosen = klines[-limit:] if start_us is None else klines[:limit]
        in_unit = _time_in_unit(request)
        return [_kline_row(kline, in_unit) for kline in chosen]


def _json(value: object, status: int = 200) -> web.Response:
    text = json.dumps(value, separators=(",", ":"))
    return web.Response(text=text, status=status, content_type="application/json")


def _time_in_unit(request: web.Request) -> Callable[[int], int]:
    divisor = 1 if parameters.wants_microseconds(request) else 1000
    return lambda time_us: time_us // divisor


def _trade_row(trade: Trade, in_unit: Callable[[int], int]) -> dict[str, Any]:
    return {
        "id": trade.trade_id,
        "price": decimal_text(trade.price),
        "qty": decimal_text(trade.quantity),
        "quoteQty": decimal_text(quote_quantity(trade)),
        "time": in_unit(trade.time_us),
        "isBuyerMaker": trade.is_buyer_maker,
        "isBestMatch": True,
    }


def _kline_row(kline: Kline, in_unit: Callable[[int], int]) -> list[Any]:
    return [
        in_unit(kline.open_us),
        decimal_text(kline.open),
        decimal_text(kline.high),
        decimal_text(kline.low),
        decimal_text(kline.close),
        decimal_text(kline.volume),
        in_unit(kline.open_us + MINUTE_US - 1),
        decimal_text(kline.quote_volume),
        kline.trades,
        decimal_text(kline.taker_buy_volume),
        decimal_text(kline.taker_buy_quote_volume),
        "0",
    ]

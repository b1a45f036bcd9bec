"""The client of the exchange's REST API, against the simulator and against servers that misbehave."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from demo.ports import free_ports
from include.binance.rest import HISTORICAL_LIMIT, BinanceRest
from include.errors import ExchangeError
from tests.market import Market, foreseen, market

SYMBOL = "BTCUSDT"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """An exchange that has published its hour."""
    with market(tmp_path_factory.mktemp("exchange"), speed=100_000, symbols=[SYMBOL]) as played:
        played.play()
        yield played


@pytest.fixture
def rest(exchange: Market) -> BinanceRest:
    return BinanceRest(exchange.url)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have waited, seconds; it does not."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that answers everything with status 200 and this body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_pages_begin_with_the_id_asked_for(exchange: Market, rest: BinanceRest) -> None:
    published = exchange.trades(SYMBOL)
    following, got = published[0].trade_id, []
    while page := rest.historical_trades(SYMBOL, following):
        assert len(page) <= HISTORICAL_LIMIT
        got += page
        following = page[-1].trade_id + 1
    assert [
        (trade.trade_id, trade.price, trade.qty, trade.trade_ts_us, trade.is_buyer_maker) for trade in got
    ] == [(row.trade_id, row.price, row.qty, row.time_us, row.is_buyer_maker) for row in published]
    assert {(trade.time_precision, trade.event_ts_us) for trade in got} == {("us", None)}


def test_fewer_rows_on_request(rest: BinanceRest) -> None:
    first = next(ids[0] for ids in foreseen(SYMBOL).values() if ids)
    assert [trade.trade_id for trade in rest.historical_trades(SYMBOL, first, 3)] == [
        first,
        first + 1,
        first + 2,
    ]


def test_exchange_info_of_a_symbol(rest: BinanceRest) -> None:
    assert rest.exchange_info(SYMBOL)["symbol"] == SYMBOL


def test_too_many_requests_are_repeated_after_the_time_that_was_named(
    exchange: Market, rest: BinanceRest, waits: list[float]
) -> None:
    exchange.fail_rest(429, count=2)
    assert rest.historical_trades(SYMBOL, 0, 1)
    assert waits == [1, 1]


def test_server_errors_are_repeated_ever_more_slowly(
    exchange: Market, rest: BinanceRest, waits: list[float]
) -> None:
    exchange.fail_rest(503, count=4)
    assert rest.historical_trades(SYMBOL, 0, 1)
    assert len(waits) == 3, "the first repetition is immediate"
    assert waits == sorted(waits)


def test_a_server_that_keeps_failing_is_given_up(
    exchange: Market, rest: BinanceRest, waits: list[float]
) -> None:
    exchange.fail_rest(500, count=6)
    with pytest.raises(ExchangeError, match=r"/api/v3/historicalTrades answered 500: .*An unknown error"):
        rest.historical_trades(SYMBOL, 0, 1)
    assert exchange.failures_left() == 0
    assert 1 < sum(waits) < 30


@pytest.mark.parametrize("status", [418, 403, 400, 404])
def test_a_ban_and_a_refusal_are_not_repeated(
    exchange: Market, rest: BinanceRest, waits: list[float], status: int
) -> None:
    exchange.fail_rest(status, count=2)
    with pytest.raises(ExchangeError, match=f"answered {status}") as caught:
        rest.historical_trades(SYMBOL, 0, 1)
    assert "\n" not in str(caught.value)
    assert (exchange.failures_left(), waits) == (1, [])
    exchange.take_failures()


def test_an_unknown_symbol_is_named(rest: BinanceRest) -> None:
    with pytest.raises(ExchangeError, match=r"answered 400: .*Invalid symbol"):
        rest.exchange_info("NOPE")


def test_nobody_answers(waits: list[float]) -> None:
    [port] = free_ports(1)
    with pytest.raises(
        ExchangeError, match=f"http://127.0.0.1:{port}/api/v3/exchangeInfo cannot be reached"
    ) as caught:
        BinanceRest(f"http://127.0.0.1:{port}/").exchange_info("BTCUSDT")
    assert "\n" not in str(caught.value)
    assert len(waits) == 4


def row(**changed: object) -> dict[str, object]:
    fields = {"id": 7, "price": "1.5", "qty": "2", "time": 1_769_835_484_323, "isBuyerMaker": True}
    return {name: value for name, value in {**fields, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({"code": -1, "msg": "no"}, "Expected `array`"),
        ([row(id="7")], "Expected `int`"),
        ([row(price=1.5)], "Expected `str`"),
        ([row(isBuyerMaker=None)], "missing required field `isBuyerMaker`"),
        ([row(price="1e5")], "price='1e5' is not a decimal number"),
        ([row(qty="0.123456789")], r"qty='0.123456789' exceeds decimal\(19,8\)"),
        ([row(id=6)], "id 6 where 7 or later was due"),
        ([row(), row()], "id 7 where 8 or later was due"),
    ],
)
def test_malformed_trades(rows: object, fault: str) -> None:
    with answering(json.dumps(rows).encode()) as url, pytest.raises(ExchangeError, match=fault) as caught:
        BinanceRest(url).historical_trades(SYMBOL, 7)
    assert str(caught.value).startswith(f"historicalTrades of {SYMBOL} from 7: ")
    assert "\n" not in str(caught.value)


def test_well_formed_trades_in_milliseconds() -> None:
    with answering(json.dumps([row(), row(id=9)]).encode()) as url:
        trades = BinanceRest(url).historical_trades(SYMBOL, 6)
    assert [trade.trade_id for trade in trades] == [7, 9]
    first = trades[0]
    assert (first.price, first.qty, first.trade_ts_us, first.time_precision) == (
        "1.50000000",
        "2.00000000",
        1_769_835_484_323_000,
        "ms",
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<html>Please log in</html>", "JSON is malformed"),
        (b"", "Input data was truncated"),
        (b'"\xff"', "invalid start byte|Expected `object`"),
        (b'{"symbols": [{"symbol": "\xff"}]}', "invalid start byte"),
        (b"[]", "Expected `object`"),
        (b'{"symbols": []}', "does not hold it"),
        (b'{"symbols": [{"symbol": "ETHUSDT"}]}', "does not hold it"),
    ],
)
def test_malformed_exchange_info(body: bytes, fault: str) -> None:
    with answering(body) as url, pytest.raises(ExchangeError, match=fault) as caught:
        BinanceRest(url).exchange_info(SYMBOL)
    assert str(caught.value).startswith(f"exchangeInfo of {SYMBOL}: ")

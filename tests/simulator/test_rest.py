"""The exchange's REST interface."""

from decimal import Decimal

import pytest

from tests.simulator.running import START_MS, published_rows, simulator

TRADES = "/api/v3/historicalTrades?symbol=BTCUSDT"
KLINES = "/api/v3/klines?symbol=BTCUSDT&interval=1m"


async def test_paging_by_id_gives_every_trade_once(tmp_path):
    async with simulator(tmp_path) as sim:
        await sim.until_ended()
        rows = await sim.json(f"{TRADES}&fromId=0&limit=1000")
        while len(page := await sim.json(f"{TRADES}&fromId={rows[-1]['id']}&limit=1000")) > 1:
            assert page[0] == rows[-1], "fromId is inclusive"
            rows += page[1:]
    published = published_rows(tmp_path)
    assert len(published) > 2000
    assert [
        (str(row["id"]), row["price"], row["qty"], str(row["isBuyerMaker"]).lower(), row["time"])
        for row in rows
    ] == [
        (row["trade_id"], row["price"], row["qty"], row["is_buyer_maker"], int(row["trade_time_us"]) // 1000)
        for row in published
    ]
    assert all(Decimal(row["quoteQty"]) == Decimal(row["price"]) * Decimal(row["qty"]) for row in rows)
    assert list(rows[0]) == ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch"]


async def test_trades_without_an_id_are_the_latest(tmp_path):
    async with simulator(tmp_path) as sim:
        await sim.until_ended()
        latest = await sim.json(TRADES)
        few = await sim.json(f"{TRADES}&limit=3")
        too_many = await sim.json(f"{TRADES}&limit=5000")
        beyond = await sim.json(f"{TRADES}&fromId=999999999999")
    last_id = int(published_rows(tmp_path)[-1]["trade_id"])
    assert [row["id"] for row in latest] == list(range(last_id - 499, last_id + 1))
    assert few == latest[-3:]
    assert len(too_many) == 1000
    assert beyond == []


async def test_only_what_is_published_is_known(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        assert await sim.json(f"{TRADES}&fromId=0") == []
        assert await sim.json(KLINES) == []


async def test_microseconds_on_request(tmp_path):
    unit = {"X-MBX-TIME-UNIT": "MICROSECOND"}
    async with simulator(tmp_path) as sim:
        end_us = (await sim.until_ended())["event_time_us"]
        trade = (await sim.json(f"{TRADES}&limit=1", **unit))[0]
        kline = (await sim.json(f"{KLINES}&limit=1", **unit))[0]
        assert await sim.json("/api/v3/time", **unit) == {"serverTime": end_us}
        assert await sim.json("/api/v3/time") == {"serverTime": end_us // 1000}
    assert str(trade["time"]) == published_rows(tmp_path)[-1]["trade_time_us"]
    assert (kline[0], kline[6]) == ((START_MS + 180_000) * 1000, (START_MS + 240_000) * 1000 - 1)


async def test_klines_by_time(tmp_path):
    def minutes(rows):
        return [(row[0] - START_MS) // 60_000 for row in rows]

    async with simulator(tmp_path) as sim:
        await sim.until_ended()
        assert minutes(await sim.json(KLINES)) == [-1, 0, 1, 2, 3]
        assert minutes(await sim.json(f"{KLINES}&limit=2")) == [2, 3]
        assert minutes(await sim.json(f"{KLINES}&startTime={START_MS}&limit=2")) == [0, 1]
        assert minutes(await sim.json(f"{KLINES}&startTime={START_MS - 1}&endTime={START_MS + 60_000}")) == [
            0,
            1,
        ]
        assert minutes(await sim.json(f"{KLINES}&endTime={START_MS + 119_999}&limit=1")) == [1]
        assert minutes(await sim.json(f"{KLINES}&startTime={START_MS}000&endTime={START_MS}000")) == [0]
        assert len((await sim.json(KLINES))[0]) == 12


async def test_exchange_info(tmp_path):
    async with simulator(tmp_path, symbols=("BTCUSDT", "ETHUSDT"), wait_for_start=True) as sim:
        everything = await sim.json("/api/v3/exchangeInfo")
        one = await sim.json("/api/v3/exchangeInfo?symbol=ETHUSDT")
        two = await sim.json('/api/v3/exchangeInfo?symbols=["BTCUSDT","ETHUSDT"]')
    assert list(everything) == ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]
    assert everything["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
    }
    assert [symbol["symbol"] for symbol in one["symbols"]] == ["ETHUSDT"]
    assert two["symbols"] == everything["symbols"]
    bitcoin = everything["symbols"][0]
    assert (bitcoin["baseAsset"], bitcoin["quoteAsset"], bitcoin["baseAssetPrecision"]) == ("BTC", "USDT", 8)
    filters = {found["filterType"]: found for found in bitcoin["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("historicalTrades?symbol=NOPE", -1121, "Invalid symbol."),
        ("klines?symbol=NOPE&interval=1m", -1121, "Invalid symbol."),
        ("exchangeInfo?symbol=NOPE", -1121, "Invalid symbol."),
        ('exchangeInfo?symbols=["NOPE"]', -1121, "Invalid symbol."),
        ("exchangeInfo?symbols=BTCUSDT", -1100, "Illegal characters found in parameter 'symbols'"),
        (
            'exchangeInfo?symbol=BTCUSDT&symbols=["BTCUSDT"]',
            -1128,
            "Combination of optional parameters invalid.",
        ),
        (
            "historicalTrades?symbol=btc+usdt",
            -1100,
            "Illegal characters found in parameter 'symbol'; legal range is ",
        ),
        (
            "historicalTrades",
            -1102,
            "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
        ),
        ("klines?symbol=BTCUSDT", -1102, "Mandatory parameter 'interval' was not sent, was empty/null"),
        ("klines?symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."),
        (
            "historicalTrades?symbol=BTCUSDT&limit=-1",
            -1100,
            "Illegal characters found in parameter 'limit'; legal ",
        ),
        ("historicalTrades?symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        (
            "historicalTrades?symbol=BTCUSDT&fromId=x",
            -1100,
            "Illegal characters found in parameter 'fromId'; legal",
        ),
    ],
)
async def test_wrong_parameters(tmp_path, path, code, message):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        status, body = await sim.error(f"/api/v3/{path}")
    assert status == 400
    assert list(body) == ["code", "msg"]
    assert body["code"] == code
    assert body["msg"].startswith(message)


async def test_unknown_time_unit(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        url, unit = sim.url("/api/v3/time"), {"X-MBX-TIME-UNIT": "SECOND"}
        async with sim.session.get(url, headers=unit) as response:
            assert (response.status, (await response.json())["code"]) == (400, -1130)


@pytest.mark.parametrize(
    ("path", "weight"),
    [("ping", 1), ("time", 1), ("exchangeInfo", 20), ("historicalTrades?symbol=BTCUSDT", 25), ("klines", 2)],
)
async def test_every_answer_tells_the_weight_used(tmp_path, path, weight):
    async with (
        simulator(tmp_path, wait_for_start=True) as sim,
        sim.session.get(sim.url(f"/api/v3/{path}")) as response,
    ):
        assert response.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


async def test_too_much_weight_is_refused_with_a_time_to_wait(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        for _ in range(2 * 6000 // 25 + 2):
            async with sim.session.get(sim.url(TRADES)) as response:
                body = await response.json()
                if response.status == 429:
                    break
    assert response.status == 429
    assert body["code"] == -1003
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert int(response.headers["X-MBX-USED-WEIGHT-1M"]) > 6000

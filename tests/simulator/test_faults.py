"""Faults on demand: what they break, and what they leave alone."""

import json

import pytest
from websockets.exceptions import ConnectionClosedError

from simulator.market import FIRST_TRADE_ID
from tests.simulator.running import (
    connection_events,
    data_of,
    frames_until_end,
    is_closed_kline,
    published_rows,
    sent_ids,
    simulator,
    trades_in,
)

PATH = "/ws/btcusdt@trade/btcusdt@kline_1m"
FIRST, LAST = FIRST_TRADE_ID + 100, FIRST_TRADE_ID + 149
WITHHOLD = {"kind": "withhold", "symbol": "BTCUSDT", "first_id": FIRST, "last_id": LAST}


async def test_withheld_trades_are_sent_to_nobody_and_known_to_all_else(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket(PATH) as client:
        assert await sim.fault(**WITHHOLD) == {"faults": [{**WITHHOLD, "rest": False}]}
        await sim.start()
        frames = await frames_until_end(client)
        rest = await sim.json(f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={FIRST}&limit=50")
        assert await sim.json("/control/faults") == {"faults": [{**WITHHOLD, "rest": False}]}
    published = [int(row["trade_id"]) for row in published_rows(tmp_path)]
    received = [trade["t"] for trade in trades_in(frames)]
    withheld = list(range(FIRST, LAST + 1))
    assert sorted({*published} - {*received}) == withheld
    assert received == sent_ids(tmp_path, 1)
    assert [row["id"] for row in rest] == withheld
    counts = [data_of(frame)["k"]["n"] for frame in frames if is_closed_kline(frame)]
    assert sum(counts) == len(published)


async def test_withheld_at_rest_too(tmp_path):
    async with simulator(tmp_path) as sim:
        await sim.fault(**WITHHOLD, rest=True)
        await sim.until_ended()
        rest = await sim.json(f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={FIRST - 1}&limit=3")
    assert [row["id"] for row in rest] == [FIRST - 1, LAST + 1, LAST + 2]


async def test_reset_is_abortive_and_hits_only_the_one_that_is_named(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        victim, other = await sim.websocket(PATH), await sim.websocket(PATH)
        await sim.fault(kind="reset_connections", connection=1)
        with pytest.raises(ConnectionClosedError) as closed:
            await victim.recv()
        assert closed.value.rcvd is None, "no close frame"
        assert isinstance(closed.value.__cause__, ConnectionResetError)
        await sim.start()
        assert json.loads(await other.recv())
        await other.close()
    reasons = {
        event["connection"]: event["reason"] for event in connection_events(tmp_path) if "reason" in event
    }
    assert reasons == {1: "fault reset_connections", 2: "client closed"}


async def test_reset_of_all(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        clients = [await sim.websocket(PATH) for _ in range(3)]
        assert await sim.fault(kind="reset_connections") == {"faults": []}
        for client in clients:
            with pytest.raises(ConnectionClosedError):
                await client.recv()
        await sim.until_connections(0)


async def test_ordered_status_fails_the_next_answers_of_a_path(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        await sim.fault(kind="rest_status", path="/api/v3/ping", status=503, count=2)
        assert await sim.json("/api/v3/time")
        assert [(await sim.error("/api/v3/ping"))[0] for _ in range(3)] == [503, 503, 200]
        assert await sim.json("/control/faults") == {"faults": []}
        await sim.fault(kind="rest_status", path="/feeds/coinwire.xml", status=429, count=1)
        async with sim.session.get(sim.url("/feeds/coinwire.xml")) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            {"kind": "earthquake"},
            "unknown fault kind 'earthquake'; allowed: reset_connections, rest_status, withhold",
        ),
        ({}, "unknown fault kind None; allowed: reset_connections, rest_status, withhold"),
        ([], "a fault is a JSON object with a kind"),
        (
            {"kind": ["withhold"]},
            "unknown fault kind ['withhold']; allowed: reset_connections, rest_status, withhold",
        ),
        ({**WITHHOLD, "first_id": "1"}, "fault withhold: first_id must be a whole number, not '1'"),
        ({**WITHHOLD, "last_id": 1}, f"fault withhold: last_id 1 is below first_id {FIRST}"),
        ({**WITHHOLD, "symbol": ""}, "fault withhold: symbol must be a text, not ''"),
        ({**WITHHOLD, "rest": 1}, "fault withhold: rest must be true or false, not 1"),
        (
            {**WITHHOLD, "symbols": "X"},
            "fault withhold: unknown field symbols; allowed: first_id, last_id, rest, symbol",
        ),
        (
            {"kind": "rest_status", "path": "/", "status": 200, "count": 1},
            "fault rest_status: status 200 is no error; 400 to 599 are allowed",
        ),
        (
            {"kind": "rest_status", "path": "/", "status": 500, "count": 0},
            "fault rest_status: count 0 must be 1 or more",
        ),
        (
            {"kind": "reset_connections", "connection": 9},
            "fault reset_connections: no open connection 9; open: none",
        ),
    ],
)
async def test_a_wrong_fault_is_refused_with_the_reason(tmp_path, fault, message):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        assert await sim.post("/control/faults", fault, status=400) == {"error": message}

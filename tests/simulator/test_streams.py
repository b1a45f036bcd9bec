"""The exchange's streams, heard by a real WebSocket client."""

import asyncio
import itertools
import json
import socket
from collections import defaultdict
from decimal import Decimal

import pytest
from websockets.exceptions import ConnectionClosed

from tests.simulator.running import (
    START_MS,
    connection_events,
    data_of,
    frames_until_end,
    is_closed_kline,
    published_rows,
    sent_ids,
    simulator,
    trades_in,
)

BOTH = "btcusdt@trade/btcusdt@kline_1m"


async def test_a_client_hears_every_trade_once_and_in_order(tmp_path):
    async with (
        simulator(tmp_path, wait_for_start=True) as sim,
        sim.websocket(f"/stream?streams={BOTH}") as client,
    ):
        await sim.start()
        frames = await frames_until_end(client)
    rows = published_rows(tmp_path)
    heard = [
        [t["s"], str(t["t"]), t["p"], t["q"], t["T"], "true" if t["m"] else "false"]
        for t in trades_in(frames)
    ]
    published = [
        [*list(row.values())[:4], int(row["trade_time_us"]) // 1000, row["is_buyer_maker"]] for row in rows
    ]
    assert heard == published
    ids = [int(row["trade_id"]) for row in rows]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert {frame["stream"] for frame in frames} == {"btcusdt@trade", "btcusdt@kline_1m"}


async def test_shapes_and_units_tell_the_same_market(tmp_path):
    paths = {
        "raw ms": f"/ws/{BOTH}",
        "raw us": f"/ws/{BOTH}?timeUnit=MICROSECOND",
        "combined us": f"/stream?streams={BOTH}&timeUnit=microsecond",
    }
    async with simulator(tmp_path, wait_for_start=True) as sim:
        clients = [await sim.websocket(path) for path in paths.values()]
        await sim.start()
        heard = await asyncio.gather(*(frames_until_end(client) for client in clients))
        for client in clients:
            await client.close()
    raw_ms, raw_us, combined_us = heard
    assert [frame["data"] for frame in combined_us] == raw_us
    assert [
        {**frame, "E": frame["E"] // 1000, "T": frame["T"] // 1000} for frame in trades_in(raw_us)
    ] == trades_in(raw_ms)
    assert [str(frame["T"]) for frame in trades_in(raw_us)] == [
        row["trade_time_us"] for row in published_rows(tmp_path)
    ]
    assert raw_us[-1]["k"]["T"] == raw_us[-1]["k"]["t"] + 60_000_000 - 1


async def test_closed_klines_are_the_sums_of_the_published_trades(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        async with sim.websocket(f"/ws/{BOTH}") as client:
            await sim.start()
            closed = [frame["k"] for frame in await frames_until_end(client) if is_closed_kline(frame)]
        rest = await sim.json("/api/v3/klines?symbol=BTCUSDT&interval=1m")
    minutes = defaultdict(list)
    for row in published_rows(tmp_path):
        minutes[int(row["trade_time_us"]) // 60_000_000 * 60_000].append(row)
    assert [kline["t"] for kline in closed] == [START_MS + minute * 60_000 for minute in range(-1, 4)]
    assert len(minutes) == 4, "one of the five minutes is quiet"
    close = None
    for kline in closed:
        rows = minutes[kline["t"]]
        if not rows:
            assert (kline["f"], kline["L"], kline["n"], kline["v"], kline["q"]) == (
                -1,
                -1,
                0,
                *["0.00000000"] * 2,
            )
            assert {kline["o"], kline["c"], kline["h"], kline["l"]} == {close}
            continue
        prices = [Decimal(row["price"]) for row in rows]
        taker_buys = [row for row in rows if row["is_buyer_maker"] == "false"]
        assert (kline["f"], kline["L"]) == (int(rows[0]["trade_id"]), int(rows[-1]["trade_id"]))
        assert (kline["o"], kline["c"]) == (rows[0]["price"], rows[-1]["price"])
        assert (Decimal(kline["h"]), Decimal(kline["l"])) == (max(prices), min(prices))
        assert kline["n"] == len(rows)
        assert Decimal(kline["v"]) == sum(Decimal(row["qty"]) for row in rows)
        assert Decimal(kline["q"]) == sum(Decimal(row["price"]) * Decimal(row["qty"]) for row in rows)
        assert Decimal(kline["V"]) == sum(Decimal(row["qty"]) for row in taker_buys)
        assert Decimal(kline["Q"]) == sum(Decimal(row["price"]) * Decimal(row["qty"]) for row in taker_buys)
        close = kline["c"]
    columns = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    assert rest == [[kline[column] for column in columns] for kline in closed]


async def test_klines_are_told_every_two_seconds_and_close_after_their_last_trade(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket(f"/ws/{BOTH}") as client:
        await sim.start()
        frames = await frames_until_end(client)
    told = defaultdict(list)
    last_trade = -1
    for frame in frames:
        if frame["e"] == "trade":
            last_trade = frame["t"]
        else:
            told[frame["k"]["t"]].append(frame["k"]["x"])
            assert frame["k"]["L"] <= last_trade
    assert list(told.values()) == [[False] * 29 + [True]] * 5


async def test_nothing_is_replayed_to_one_who_comes_late(tmp_path):
    async with (
        simulator(tmp_path, wait_for_start=True, speed=120.0) as sim,
        sim.websocket(f"/ws/{BOTH}") as early,
    ):
        await sim.start()
        while not is_closed_kline(json.loads(await early.recv())):
            pass
        async with sim.websocket(f"/ws/{BOTH}") as late:
            heard = trades_in(await frames_until_end(late))
            await frames_until_end(early)
    all_ids = [int(row["trade_id"]) for row in published_rows(tmp_path)]
    ids = [trade["t"] for trade in heard]
    assert ids == all_ids[-len(ids) :]
    assert len(ids) < len(all_ids)
    assert ids == sent_ids(tmp_path, 2)
    assert sent_ids(tmp_path, 1) == all_ids


async def test_the_market_goes_on_without_anyone(tmp_path):
    async with simulator(tmp_path) as sim:
        status = await sim.until_ended()
        assert status["connections"] == 0
        async with sim.websocket(f"/ws/{BOTH}") as client:
            await client.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
            assert json.loads(await client.recv())["id"] == 1
    assert status["published"] == {"BTCUSDT": len(published_rows(tmp_path))}
    assert sent_ids(tmp_path, 1) == []


async def test_time_stands_until_the_start(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        before = await sim.json("/control/status")
        assert before == {
            "state": "waiting",
            "event_time_us": (START_MS - 60_000) * 1000,
            "published": {"BTCUSDT": 0},
            "connections": 0,
        }
        await sim.start()
        await sim.start()
        assert (await sim.until_ended())["event_time_us"] >= (START_MS + 4 * 60_000) * 1000


async def test_a_client_that_does_not_read_is_cut_off_and_the_market_goes_on(tmp_path):
    busy = {"minutes": 1, "lead_minutes": 0, "tail_minutes": 0, "trades_per_second": 1500.0, "speed": 60.0}
    async with simulator(tmp_path, wait_for_start=True, send_queue_bytes=100_000, **busy) as sim:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", sim.port))
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            upgrade = f"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
            deaf.sendall(f"GET /ws/btcusdt@trade HTTP/1.1\r\n{upgrade}".encode())
            await sim.until_connections(1)
            await sim.start()
            status = await sim.until_ended()
    close = connection_events(tmp_path)[-1]
    assert (close["event"], close["reason"]) == ("close", "send queue overflow")
    assert status["connections"] == 0
    assert len(sent_ids(tmp_path, 1)) < status["published"]["BTCUSDT"]


async def test_the_log_tells_what_two_clients_received(tmp_path):
    two = {"symbols": ("BTCUSDT", "ETHUSDT"), "wait_for_start": True}
    streams = "btcusdt@trade/ethusdt@trade/btcusdt@kline_1m"
    path = f"/stream?streams={streams}&timeUnit=MICROSECOND"
    async with simulator(tmp_path, **two) as sim, sim.websocket(path) as client:
        await sim.start()
        frames = await frames_until_end(client)
        await client.close(reason="done")
    events = connection_events(tmp_path)
    assert (
        events[0].items()
        >= {
            "event": "open",
            "connection": 1,
            "streams": streams.split("/"),
            "shape": "combined",
            "time_unit": "MICROSECOND",
        }.items()
    )
    assert events[-1].items() >= {"event": "close", "reason": "client closed", "in_flight": []}.items()
    for symbol in two["symbols"]:
        received = [data_of(frame)["t"] for frame in frames if frame["stream"] == f"{symbol.lower()}@trade"]
        sent = [
            range(event["first_id"], event["last_id"] + 1)
            for event in events
            if event["event"] == "sent" and event["symbol"] == symbol
        ]
        assert received == list(itertools.chain(*sent))


async def test_ending_the_run_says_goodbye(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        client = await sim.websocket(f"/ws/{BOTH}")
    with pytest.raises(ConnectionClosed) as closed:
        await client.recv()
    assert closed.value.rcvd.code == 1001

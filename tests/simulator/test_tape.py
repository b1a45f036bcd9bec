"""Recorded frames, played unchanged."""

import gzip
import json
from pathlib import Path

import pytest

from simulator.errors import StartError
from simulator.tape import read_tapes
from tests.simulator.running import published_rows, sent_ids, simulator

REAL_TAPES = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance" / "tape"
RECEIVED_NS = 1_700_000_000_000_000_000


def trade_frame(symbol: str, trade_id: int, time: int) -> str:
    return (
        f'{{"stream":"{symbol.lower()}@trade","data":'
        f'{{"e":"trade","E":{time + 1},"s":"{symbol}","t":{trade_id},'
        f'"p":"0.02500000","q":"12.00000001","T":{time},"m":false,"M":true}}}}'
    )


DEPTH = (
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","s":"BTCUSDT","b":[["1.0", "2.0"]],"a":[]}}'
)
SNAPSHOT = '{"lastUpdateId":160,"bids":[],"asks":[]}'
FIRST_TAPE = [
    (0, SNAPSHOT),
    (10, trade_frame("BTCUSDT", 7, 1_700_000_000_010)),
    (30, DEPTH),
    (50, trade_frame("BTCUSDT", 8, 1_700_000_000_048)),
]
SECOND_TAPE = [
    (20, trade_frame("DOGEUSDT", 100, 1_700_000_000_019)),
    (60, trade_frame("DOGEUSDT", 101, 1_700_000_000_058_123)),
]
IN_TIME_ORDER = [FIRST_TAPE[1], SECOND_TAPE[0], FIRST_TAPE[2], FIRST_TAPE[3], SECOND_TAPE[1]]


def write_tape(path: Path, lines: list[tuple[int, str]]) -> Path:
    text = "".join(f"{RECEIVED_NS + milliseconds * 1_000_000} {frame}\n" for milliseconds, frame in lines)
    path.write_bytes(gzip.compress(text.encode()))
    return path


@pytest.fixture
def tapes(tmp_path: Path) -> tuple[Path, ...]:
    return (write_tape(tmp_path / "one.gz", FIRST_TAPE), write_tape(tmp_path / "two.gz", SECOND_TAPE))


async def receive(client, count: int) -> list[str]:
    return [await client.recv() for _ in range(count)]


async def test_frames_of_all_tapes_come_unchanged_and_in_time_order(tmp_path, tapes):
    streams = "btcusdt@trade/btcusdt@depth@100ms/dogeusdt@trade"
    async with simulator(tmp_path / "log", tape=tapes, speed=1.0, wait_for_start=True) as sim:
        async with (
            sim.websocket(f"/stream?streams={streams}&timeUnit=MICROSECOND") as combined,
            sim.websocket("/ws/btcusdt@depth@100ms/dogeusdt@trade") as raw,
        ):
            await sim.start()
            heard, heard_raw = await receive(combined, 5), await receive(raw, 3)
        status = await sim.until_ended()
    assert heard == [frame for _, frame in IN_TIME_ORDER]
    assert heard_raw == [frame.split('"data":', 1)[1][:-1] for frame in (heard[1], heard[2], heard[4])]
    assert status["published"] == {"BTCUSDT": 2, "DOGEUSDT": 2}
    assert sent_ids(tmp_path / "log", 1) == [7, 8, 100, 101]


async def test_trades_fill_rest_and_the_log(tmp_path, tapes):
    async with simulator(tmp_path / "log", tape=tapes) as sim:
        await sim.until_ended()
        rows = await sim.json("/api/v3/historicalTrades?symbol=DOGEUSDT&fromId=101")
        assert await sim.json("/api/v3/klines?symbol=DOGEUSDT&interval=1m") == []
        symbols = (await sim.json("/api/v3/exchangeInfo"))["symbols"]
    assert rows == [
        {
            "id": 101,
            "price": "0.02500000",
            "qty": "12.00000001",
            "quoteQty": "0.30000000",
            "time": 1_700_000_000_058,
            "isBuyerMaker": False,
            "isBestMatch": True,
        }
    ]
    assert [symbol["symbol"] for symbol in symbols] == ["BTCUSDT", "DOGEUSDT"]
    assert [list(row.values()) for row in published_rows(tmp_path / "log")] == [
        ["BTCUSDT", "7", "0.02500000", "12.00000001", "1700000000010000", "false"],
        ["DOGEUSDT", "100", "0.02500000", "12.00000001", "1700000000019000", "false"],
        ["BTCUSDT", "8", "0.02500000", "12.00000001", "1700000000048000", "false"],
        ["DOGEUSDT", "101", "0.02500000", "12.00000001", "1700000000058123", "false"],
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([(0, DEPTH)], "no trade frame in it"),
        ([(0, "{")], "line 1: "),
        ([(5, DEPTH), (4, DEPTH)], "line 2: received before the line above it"),
        ([(0, '{"data":{},"stream":"x"}')], "line 1: not a combined-stream frame as the exchange writes it"),
        (
            [(0, trade_frame("BTCUSDT", 1, 1).replace("0.025", "0.25"))],
            "line 1: '0.2500000' is not a decimal with eight",
        ),
        (
            [(0, trade_frame("BTCUSDT", 1, 1).replace("00000001", "1"))],
            "line 1: '12.1' is not a decimal with eight",
        ),
        ([(0, '{"stream":"btcusdt@trade","data":{"t":1}}')], "line 1: no field 's' in the trade"),
    ],
)
def test_a_tape_that_cannot_be_played_is_refused(tmp_path, lines, message):
    path = write_tape(tmp_path / "bad.gz", lines)
    with pytest.raises(StartError) as refused:
        read_tapes((path,))
    assert str(refused.value).startswith(f"--tape {path}")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [None, b"no gzip", gzip.compress(b"cut" * 999)[:-9], gzip.compress(b"\xff\n")],
    ids=["absent", "no-gzip", "cut-off", "no-text"],
)
def test_a_file_that_is_no_tape_is_refused(tmp_path, content):
    path = tmp_path / "bad.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StartError, match=r"--tape .*bad\.gz"):
        read_tapes((path,))


async def test_real_tapes_across_midnight(tmp_path):
    paths = tuple(sorted(REAL_TAPES.glob("btcusdt_*.gz")))
    if len(paths) != 2:
        pytest.skip(f"no recorded tapes at {REAL_TAPES}")
    async with simulator(tmp_path, tape=paths, speed=400.0, wait_for_start=True) as sim:
        async with sim.websocket("/stream?streams=btcusdt@trade") as client:
            await sim.start()
            heard = await receive(client, 19_904)
        assert (await sim.until_ended())["published"] == {"BTCUSDT": 19_904}
    assert [json.loads(frame)["data"]["t"] for frame in heard] == list(range(3735683259, 3735703163))
    assert heard == [message.frame for message in read_tapes(paths) if message.trade]

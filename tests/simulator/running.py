"""A run of the simulator inside a test, with clients for it and its log."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from simulator.app import running
from simulator.settings import Settings

START = datetime(2026, 11, 20, 5, tzinfo=UTC)
START_MS = 1_795_150_800_000
LAST_MINUTE = {START_MS + 180_000, (START_MS + 180_000) * 1000}
FAST = {"start": START, "minutes": 3, "lead_minutes": 1, "tail_minutes": 1, "speed": 1200.0}


@dataclass
class Simulator:
    """A running simulator as its clients see it."""

    port: int
    session: aiohttp.ClientSession
    log_dir: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def websocket(self, path: str) -> connect:
        """A client without a bound on what it has received: a full one would not see the close frame."""
        return connect(f"ws://127.0.0.1:{self.port}{path}", max_queue=None)

    async def json(self, path: str, **headers: str) -> Any:
        async with self.session.get(self.url(path), headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def error(self, path: str) -> tuple[int, Any]:
        async with self.session.get(self.url(path)) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        async with self.session.post(self.url(path), json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def start(self) -> None:
        await self.post("/control/start")

    async def fault(self, **fault: Any) -> Any:
        return await self.post("/control/faults", fault)

    async def until_ended(self) -> dict[str, Any]:
        while (status := await self.json("/control/status"))["state"] != "ended":
            await asyncio.sleep(0.02)
        return status

    async def until_connections(self, count: int) -> None:
        while (await self.json("/control/status"))["connections"] != count:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def simulator(log_dir: Path, **settings: Any) -> AsyncIterator[Simulator]:
    """A run in this process; its log is complete once the context is left."""
    async with (
        running(Settings(log_dir=log_dir, **{**FAST, **settings})) as run,
        aiohttp.ClientSession() as session,
    ):
        yield Simulator(run.port, session, log_dir)


async def frames_until_end(client: ClientConnection) -> list[dict[str, Any]]:
    """All frames of a connection with klines, to the close of the last minute of a ``FAST`` run."""
    frames = [json.loads(await client.recv())]
    while not (is_closed_kline(frames[-1]) and data_of(frames[-1])["k"]["t"] in LAST_MINUTE):
        frames.append(json.loads(await client.recv()))
    return frames


def data_of(frame: dict[str, Any]) -> dict[str, Any]:
    return frame.get("data", frame)


def is_closed_kline(frame: dict[str, Any]) -> bool:
    return data_of(frame)["e"] == "kline" and data_of(frame)["k"]["x"]


def trades_in(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [data_of(frame) for frame in frames if data_of(frame)["e"] == "trade"]


def published_rows(log_dir: Path) -> list[dict[str, str]]:
    with (log_dir / "published.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def connection_events(log_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (log_dir / "connections.jsonl").read_text().splitlines()]


def sent_ids(log_dir: Path, connection: int) -> list[int]:
    return [
        trade_id
        for event in connection_events(log_dir)
        if event["event"] == "sent" and event["connection"] == connection
        for trade_id in range(event["first_id"], event["last_id"] + 1)
    ]

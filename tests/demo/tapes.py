"""Tapes of recorded frames, made by the tests."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def write_tape(file: Path, times: list[datetime], unit_seconds: float = 1e-3) -> Path:
    """Write a trade of BTCUSDT at each time, and a frame of another stream before it."""
    with gzip.open(file, "wt") as tape:
        for number, time in enumerate(times):
            moment = round(time.timestamp() / unit_seconds)
            book = {"s": "BTCUSDT", "u": number}
            trade = {"e": "trade", "E": moment, "s": "BTCUSDT", "t": 1_000 + number, "T": moment}
            trade |= {"p": f"{61_000 + number}.01000000", "q": "0.00100000", "m": number % 2 == 0, "M": True}
            for stream, data in (("bookTicker", book), ("trade", trade)):
                frame = json.dumps({"stream": f"btcusdt@{stream}", "data": data}, separators=(",", ":"))
                tape.write(f"{time.timestamp():.0f}000000000 {frame}\n")
    return file

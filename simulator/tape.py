"""Recorded markets: gzip files of lines ``<receive time in ns> <raw frame>``."""

import gzip
import heapq
import json
import zlib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from simulator.errors import StartError
from simulator.events import RecordedMessage
from simulator.trades import SCALE, Trade, decimal_text

FIRST_MICROSECOND_TIME = 10**14
"""A time at or above this is in microseconds: as milliseconds it would lie beyond the year 5000."""


def read_tapes(paths: tuple[Path, ...]) -> list[RecordedMessage]:
    """The frames of all tapes in the order of their receive times.

    Lines without a stream name (REST answers that recorders keep beside the streams) are left out.

    Raises:
        StartError: a file that is absent, no gzip, in no time order or holds something else.
    """
    messages = list(heapq.merge(*(_read_tape(path) for path in paths), key=attrgetter("event_us")))
    if not any(message.trade for message in messages):
        raise StartError(f"--tape {', '.join(map(str, paths))}: no trade frame in it")
    return messages


def symbols_of(messages: list[RecordedMessage]) -> tuple[str, ...]:
    """Symbols of which the tape holds trades, in the order of their first one."""
    return tuple(dict.fromkeys(message.trade.symbol for message in messages if message.trade))


def _read_tape(path: Path) -> Iterator[RecordedMessage]:
    previous_us = 0
    for number, line in _lines(path):
        try:
            message = _message(line)
        except (ValueError, TypeError) as error:
            raise StartError(f"--tape {path}, line {number}: {error}") from error
        if message is None:
            continue
        if message.event_us < previous_us:
            raise StartError(f"--tape {path}, line {number}: received before the line above it")
        previous_us = message.event_us
        yield message


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from enumerate((line.rstrip("\n") for line in file), start=1)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StartError(f"--tape {path}: cannot be read as gzip text: {reason}") from error


def _message(line: str) -> RecordedMessage | None:
    received_ns, separator, frame = line.partition(" ")
    if not separator or not received_ns.isdigit():
        raise ValueError("not a line of '<receive time in ns> <raw frame>'")
    parsed = json.loads(frame)
    stream = parsed.get("stream") if isinstance(parsed, dict) else None
    if stream is None:
        return None
    opening = f'{{"stream":"{stream}","data":'
    if not frame.startswith(opening) or not frame.endswith("}"):
        raise ValueError("not a combined-stream frame as the exchange writes it")
    trade = _trade(parsed["data"]) if stream.endswith("@trade") else None
    return RecordedMessage(int(received_ns) // 1000, stream, frame, len(opening), trade)


def _trade(data: dict[str, Any]) -> Trade:
    for name in ("s", "t", "p", "q", "T", "m"):
        if name not in data:
            raise ValueError(f"no field {name!r} in the trade")
    time = int(data["T"])
    time_us = time if time >= FIRST_MICROSECOND_TIME else time * 1000
    return Trade(data["s"], int(data["t"]), _units(data["p"]), _units(data["q"]), time_us, data["m"])


def _units(text: str) -> int:
    """A decimal text in units of 1e-8; one that would not be written back the same is refused."""
    whole, _, fraction = text.partition(".")
    value = int(whole) * SCALE + int(fraction.ljust(8, "0"))
    if decimal_text(value) != text:
        raise ValueError(f"{text!r} is not a decimal with eight places")
    return value

"""Which time a tape of recorded frames covers."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo.errors import DemoError

_FIRST_MICROSECOND_TIME = 10**14
"""Trade times at or above this are in microseconds: as milliseconds they would lie beyond the year 5000."""


def span_of(tapes: Sequence[Path], symbol: str) -> tuple[datetime, datetime]:
    """Return the times of the first and of the last trade of `symbol` on the tapes.

    Args:
        tapes: gzip files of lines `<receive time in ns> <raw frame>`.
        symbol: such as BTCUSDT.

    Raises:
        DemoError: a file cannot be read, or no trade of the symbol is in them.
    """
    times = [seconds for tape in tapes for seconds in _trade_times(tape, symbol)]
    if not times:
        raise DemoError(f"SYMBOL={symbol}: no trade of it in {', '.join(map(str, tapes))}")
    return datetime.fromtimestamp(min(times), UTC), datetime.fromtimestamp(max(times), UTC)


def _trade_times(tape: Path, symbol: str) -> Iterator[float]:
    trades_of_symbol = f'"{symbol.lower()}@trade"'
    try:
        with gzip.open(tape, "rt", encoding="utf-8") as lines:
            for line in lines:
                if trades_of_symbol in line:
                    yield _seconds(json.loads(line.split(" ", 1)[1])["data"]["T"])
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
        raise DemoError(f"TAPE={tape}: not gzip lines of '<receive ns> <raw frame>': {error}") from error


def _seconds(time: int) -> float:
    return time / (1e6 if time >= _FIRST_MICROSECOND_TIME else 1e3)

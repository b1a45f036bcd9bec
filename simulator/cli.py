"""Command line of the simulator."""

import argparse
import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.app import running
from simulator.errors import StartError
from simulator.settings import Settings

USAGE_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the simulator until it is interrupted; returns the exit code."""
    settings = parse(arguments)
    try:
        asyncio.run(_serve(settings))
    except StartError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return USAGE_ERROR
    return 0


def parse(arguments: list[str] | None = None) -> Settings:
    """Settings from command line arguments; a wrong one ends the program with one line on stderr."""
    options = _parser().parse_args(arguments)
    return Settings(**vars(options))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as run:
        print(json.dumps({"port": run.port}), flush=True)
        stopped = asyncio.create_task(stop.wait())
        running_parts: set[asyncio.Future[Any]] = {run.work, stopped}
        await asyncio.wait(running_parts, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Stands in for Binance, news feeds, article sites and CryptoPanic on one port. "
        'Prints one line of JSON, {"port": N}, once it listens; ends on SIGINT or SIGTERM.',
    )
    add = parser.add_argument
    add("--port", type=_port, required=True, help="port to listen on; 0 takes a free one")
    add("--log-dir", type=Path, required=True, help="empty directory for published.csv and connections.jsonl")
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add(
        "--symbols",
        type=_symbols,
        default="BTCUSDT",
        help="symbols of the made market, comma separated (%(default)s)",
    )
    add("--seed", type=int, default=7, help="the same seed makes the same market (%(default)s)")
    add(
        "--start",
        type=_minute,
        default="2026-11-20T05:00:00Z",
        help="start of the hour, a whole UTC minute (%(default)s)",
    )
    add("--minutes", type=_count, default=60, help="minutes of market from --start (%(default)s)")
    add("--lead-minutes", type=_count, default=2, help="minutes of market before --start (%(default)s)")
    add("--tail-minutes", type=_count, default=3, help="minutes of market after it (%(default)s)")
    add("--speed", type=_positive, default=60.0, help="event seconds that pass in one second (%(default)s)")
    add("--catch-up", action="store_true", help="once time has reached the present, let it go with that")
    add(
        "--trades-per-second",
        type=_positive,
        default=20.0,
        help="mean trades a second of event time and symbol (%(default)s)",
    )
    add(
        "--tape",
        type=_paths,
        default=(),
        metavar="FILE[,FILE]",
        help="play recorded frames (gzip lines '<receive ns> <raw frame>') instead of a made market; "
        "symbols, times and trades are then the tape's",
    )
    add("--wait-for-start", action="store_true", help="let time stand until POST /control/start")
    add(
        "--cryptopanic-token",
        default="demo-token",
        help="the auth_token that CryptoPanic accepts (%(default)s)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; 0 to 65535 are allowed")
    return int(text)


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(text.split(","))
    if not all(symbol.isascii() and symbol.isalnum() and symbol.isupper() for symbol in symbols):
        raise argparse.ArgumentTypeError(
            f"{text!r}: symbols are upper case letters and digits, comma separated"
        )
    if len(set(symbols)) < len(symbols):
        raise argparse.ArgumentTypeError(f"{text!r} names a symbol twice")
    return symbols


def _minute(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from error
    if moment.tzinfo is None or moment.second or moment.microsecond:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole minute with a zone: 2026-11-20T05:00:00Z")
    return moment.astimezone(UTC)


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of minutes, 0 or more")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be above 0")
    return value


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(name) for name in text.split(","))

"""`python -m demo run`, `up` and `down`.

Exit codes: 0 all is well, 1 it failed or the proof does not hold, 2 wrong arguments, 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from demo import background
from demo.errors import DemoError, Interrupted
from demo.plan import past_hour, recording
from demo.run import run

_STOPPED = 130
_LOG_COLUMNS = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _do(options)
    except (Interrupted, KeyboardInterrupt):
        print("demo: stopped on request; nothing is left running", file=sys.stderr)
        return _STOPPED
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _do(options: argparse.Namespace) -> int:
    if options.command == "run":
        tapes, symbol, speed = options.tape, options.symbol, options.speed
        past = recording(tapes, symbol, speed) if tapes else past_hour(symbol, speed, datetime.now(UTC))
        return run(past, _console())
    if options.command == "up":
        background.up(options.feed, options.symbol)
    elif options.command == "serve":
        background.serve(options.feed, options.symbol)
    else:
        print(background.down())
    return 0


def _console() -> Console:
    """Return the terminal, or a log wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=_LOG_COLUMNS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The whole lake on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    play = commands.add_parser("run", help="play an hour of market, or a tape, and prove what the lake holds")
    play.add_argument("--tape", type=_tapes, default=os.environ.get("TAPE", ""), metavar="FILE[,FILE]")
    play.add_argument("--speed", type=_speed, default=os.environ.get("SPEED") or "60")
    up = commands.add_parser("up", help="start the stack in the background, with Airflow's UI")
    serve = commands.add_parser("serve", help="the stack in the foreground, until SIGTERM; `up` starts it")
    for command in (up, serve):
        feed = os.environ.get("FEED") or "simulator"
        command.add_argument("--feed", choices=background.FEEDS, default=feed)
    for command in (play, up, serve):
        command.add_argument("--symbol", type=_symbol, default=os.environ.get("SYMBOL") or "BTCUSDT")
    commands.add_parser("down", help="end the stack of the background")
    return parser


def _tapes(text: str) -> list[Path]:
    tapes = [Path(name) for name in text.split(",") if name]
    if absent := [str(tape) for tape in tapes if not tape.is_file()]:
        raise argparse.ArgumentTypeError(f"TAPE: not a file: {', '.join(absent)}")
    return tapes


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"SPEED={text}: a number above 0 is allowed, such as 60")
    return speed


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]+", text):
        raise argparse.ArgumentTypeError(
            f"SYMBOL={text}: upper case letters and digits are allowed, such as BTCUSDT"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())

"""The proof's command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.proof.section import BadInput

_DESCRIPTION = """
Compare a lake with the exchange's own log of what it published. Exit code: 0 everything holds, 1 something
does not, 2 bad input. Keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""


@dataclass(frozen=True)
class Options:
    """What to compare with what. Times are UTC."""

    endpoint: str
    bucket: str
    region: str
    data_source: str
    symbol: str
    published: Path
    start: datetime | None
    end: datetime | None
    exchange_url: str | None
    expect: str
    news: bool


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line.

    Raises:
        BadInput: the hours are not a span of whole hours.
        SystemExit: with code 2, an argument is missing or not allowed.
    """
    options = Options(**vars(_parser().parse_args(arguments)))
    if options.start and options.end and options.start >= options.end:
        raise BadInput(f"--from {options.start.isoformat()} is not before --to {options.end.isoformat()}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.proof", description=_DESCRIPTION)
    add = parser.add_argument
    add("--endpoint", required=True, metavar="URL", help="S3 server")
    add("--bucket", required=True)
    add("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    add("--data-source", default="Binance")
    add("--symbol", required=True)
    add("--published", required=True, type=Path, metavar="FILE", help="the exchange's log, CSV")
    add(
        "--from",
        dest="start",
        type=_hour,
        metavar="HOUR",
        help="first hour to be sealed (default: of the log)",
    )
    add(
        "--to", dest="end", type=_hour, metavar="HOUR", help="end of the last such hour (default: of the log)"
    )
    add(
        "--exchange-url",
        metavar="URL",
        help="REST address of the exchange, to compare candles with its klines",
    )
    add("--expect", choices=("available", "degraded"), default="available", help="condition of those hours")
    add("--news", action="store_true", help="demand a heartbeat, news and article texts too")
    return parser


def _hour(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31T06:00:00Z") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment != moment.replace(minute=0, second=0, microsecond=0):
        raise argparse.ArgumentTypeError(f"{text!r} is not the start of an hour")
    return moment

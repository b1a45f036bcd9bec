"""`python -m demo.proof`: exit code 0 when everything holds, 1 when something does not, 2 on bad input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import boto3
import s3fs
from botocore.config import Config
from rich.console import Console

from demo.proof.candles import check_candles
from demo.proof.comparison import check_manifests, check_trades
from demo.proof.hours import HOUR, check_hours
from demo.proof.lake import Lake
from demo.proof.news import check_news
from demo.proof.objects import check_objects
from demo.proof.options import Options, parse
from demo.proof.report import print_chart, print_section, print_verdict
from demo.proof.section import BadInput, BrokenLake, Section
from demo.proof.trades import Trades


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the proof; return the exit code."""
    console = Console()
    failures: list[str] = []
    try:
        for section in _sections(parse(arguments), console):
            print_section(console, section)
            failures += section.failures
    except BadInput as error:
        print(f"proof: {error}", file=sys.stderr)
        return 2
    except BrokenLake as error:
        failures.append(str(error))
    print_verdict(console, failures)
    return 1 if failures else 0


def _sections(options: Options, console: Console) -> Iterator[Section]:
    lake = _lake(options)
    digests = lake.sha256_of_objects()
    yield check_objects(lake, digests)
    present = [listed.key for listed in lake.objects if digests[listed.key]]
    trades = Trades(lake, options.published, present, _files(options))
    yield check_trades(lake, trades)
    yield check_manifests(lake, trades)
    hours = _hours(options, trades)
    yield check_hours(lake, trades, hours, options.expect)
    if options.exchange_url and options.expect == "available":
        yield check_candles(trades, options.exchange_url, options.symbol, hours)
    _draw(console, trades, hours)
    yield check_news(lake, options.news)


def _lake(options: Options) -> Lake:
    config = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("s3", endpoint_url=options.endpoint, region_name=options.region, config=config)
    return Lake(client, options.bucket, options.data_source, options.symbol)


def _files(options: Options) -> s3fs.S3FileSystem:
    server = {"endpoint_url": options.endpoint, "region_name": options.region}
    return s3fs.S3FileSystem(client_kwargs=server, skip_instance_cache=True)


def _hours(options: Options, trades: Trades) -> list[datetime]:
    """Return the hours of the command line, else those of the exchange's log."""
    first, last = _span(trades, "published")
    start = options.start or first.replace(minute=0, second=0, microsecond=0)
    end = options.end or last + timedelta(microseconds=1)
    return [start + HOUR * number for number in range(-((start - end) // HOUR))]


def _draw(console: Console, trades: Trades, hours: list[datetime]) -> None:
    if trades.count("FROM lake LIMIT 1"):
        first, last = _span(trades, "lake")
        minute = timedelta(minutes=1)
        print_chart(console, trades, max(hours[0], first), min(hours[-1] + HOUR, last + minute))


def _span(trades: Trades, table: str) -> tuple[datetime, datetime]:
    """Return the times of the first and the last trade of a table."""
    first, last = trades.rows(f"SELECT min(trade_ts_us), max(trade_ts_us) FROM {table}")[0]
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch + timedelta(microseconds=int(str(first))), epoch + timedelta(microseconds=int(str(last)))


if __name__ == "__main__":
    sys.exit(main())

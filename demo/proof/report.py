"""The proof as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.proof.candles import Candle, candles
from demo.proof.chart import draw
from demo.proof.section import Section
from demo.proof.trades import Trades

_COLUMNS = 60
_FAILURES_SHOWN = 20


def print_section(console: Console, section: Section) -> None:
    """Print one check: its table, where it lies in S3, and what does not hold."""
    mark = Text("FAILS", style="bold red") if section.failures else Text("holds", style="green")
    console.print(Text.assemble("\n", (section.title, "bold"), "  ", mark))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in section.header:
        table.add_column(name, overflow="fold")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if section.where:
        console.print(Text(section.where, style="dim"), soft_wrap=True)


def print_chart(console: Console, trades: Trades, start: datetime, end: datetime) -> None:
    """Draw the candles between two times, in at most 60 columns."""
    minutes = max(1, -(-int((end - start).total_seconds()) // (60 * _COLUMNS)))
    width = timedelta(minutes=minutes)
    columns = _columns(candles(trades, minutes), start, end, width)
    if not any(columns):
        return
    caption = f"{minutes}-minute candles of the lake, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    console.print(Text(f"\n{caption}", style="bold"))
    console.print(draw(columns), no_wrap=True, overflow="crop")


def print_verdict(console: Console, failures: list[str]) -> None:
    """Print the last line, and every failure before it."""
    for failure in failures[:_FAILURES_SHOWN]:
        console.print(Text(f"- {failure}", style="red"), soft_wrap=True)
    if len(failures) > _FAILURES_SHOWN:
        console.print(Text(f"- and {len(failures) - _FAILURES_SHOWN} more", style="red"))
    verdict = ("The proof FAILS.", "bold red") if failures else ("The proof holds.", "bold green")
    console.print(Text.assemble("\n", verdict))


def _columns(
    found: Mapping[datetime, Candle], start: datetime, end: datetime, width: timedelta
) -> list[Candle | None]:
    first = datetime.fromtimestamp(
        start.timestamp() // width.total_seconds() * width.total_seconds(), start.tzinfo
    )
    return [found.get(slot) for slot in _slots(first, end, width)]


def _slots(first: datetime, end: datetime, width: timedelta) -> Iterable[datetime]:
    while first < end:
        yield first
        first += width

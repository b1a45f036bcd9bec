"""What a run of the stack plays: which market, which hours, and what to expect of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.tape import span_of

HOUR = timedelta(hours=1)
_LEAD = timedelta(minutes=2)
_TAIL = timedelta(minutes=3)
_LIVE_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class Span:
    """A past market: when it begins and ends, and its hours, which are all scheduled."""

    begin: datetime
    end: datetime
    first_hour: datetime
    last_hour: datetime

    @property
    def hours(self) -> list[datetime]:
        """Starts of the hours."""
        number = (self.last_hour - self.first_hour) // HOUR + 1
        return [self.first_hour + HOUR * hour for hour in range(number)]

    def fraction(self, moment: datetime) -> float:
        """Return how much of it has passed at `moment`, from 0 to 1."""
        return min(1.0, max(0.0, (moment - self.begin) / (self.end - self.begin)))


@dataclass(frozen=True)
class Past:
    """A market that is played once, and proved.

    Attributes:
        symbol: the symbol that is collected.
        span: its time.
        speed: event seconds that pass in one second.
        expect: condition of its hours when all is done: `available` or `degraded`.
        simulator: options of the simulator.
    """

    symbol: str
    span: Span
    speed: float
    expect: str
    simulator: tuple[str, ...]

    @property
    def is_recording(self) -> bool:
        """Tell whether it is long past, so that no DAG waits for its hours any more."""
        return self.expect == "degraded"


def past_hour(symbol: str, speed: float, now: datetime) -> Past:
    """Play the last complete hour before `now`, with some minutes around it, so that it has neighbours."""
    hour = start_of_hour(now) - HOUR
    span = Span(hour - _LEAD, hour + HOUR + _TAIL, hour, hour)
    options = (
        f"--symbols={symbol}",
        f"--start={hour.isoformat()}",
        "--minutes=60",
        f"--lead-minutes={_LEAD // timedelta(minutes=1)}",
        f"--tail-minutes={_TAIL // timedelta(minutes=1)}",
        f"--speed={speed}",
        "--wait-for-start",
    )
    return Past(symbol, span, speed, "available", options)


def recording(tapes: Sequence[Path], symbol: str, speed: float) -> Past:
    """Play recorded frames with their own times; the first and the last hour are incomplete.

    Raises:
        DemoError: a tape cannot be read, or holds no trade of the symbol.
    """
    begin, end = span_of(tapes, symbol)
    span = Span(begin, end, start_of_hour(begin), start_of_hour(end))
    options = (
        f"--tape={','.join(str(tape.resolve()) for tape in tapes)}",
        f"--speed={speed}",
        "--wait-for-start",
    )
    return Past(symbol, span, speed, "degraded", options)


def live_market(symbol: str, now: datetime) -> tuple[str, ...]:
    """Return options of the simulator for a live market: the past hour in a minute or two, then a week."""
    return (
        f"--symbols={symbol}",
        f"--start={(start_of_hour(now) - HOUR).isoformat()}",
        f"--minutes={_LIVE_MINUTES}",
        f"--lead-minutes={_LEAD // timedelta(minutes=1)}",
        "--tail-minutes=0",
        "--speed=60",
        "--catch-up",
        "--wait-for-start",
    )


def start_of_hour(moment: datetime) -> datetime:
    """Return the start of the hour in which `moment` lies."""
    return moment.replace(minute=0, second=0, microsecond=0)

"""Times of the lake: UTC, microseconds since 1970 on the hot path, ``datetime`` where a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE_US = 60_000_000
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US = 10**14
"""Milliseconds stay below this until the year 5138, microseconds are above it since 1973."""


def from_us(microseconds: int) -> datetime:
    """Return the UTC time of microseconds since 1970, exactly."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_us(moment: datetime) -> int:
    """Return the microseconds since 1970 of an aware time, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def minute_of(microseconds: int) -> int:
    """Return the start of the minute, in microseconds since 1970."""
    return microseconds - microseconds % MINUTE_US


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def minutes_of(hour: datetime) -> list[datetime]:
    """Return the starts of the 60 minutes of an hour."""
    return [hour + index * MINUTE for index in range(60)]


def exchange_time(value: int) -> tuple[int, str]:
    """Tell milliseconds from microseconds by magnitude, as Binance sends either (``timeUnit``).

    Returns:
        Microseconds since 1970, and the precision that the value had: ``ms`` or ``us``.
    """
    return (value, "us") if value >= _FIRST_US else (value * 1000, "ms")

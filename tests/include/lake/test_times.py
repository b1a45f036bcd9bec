"""Times: exact, and milliseconds told from microseconds."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.lake.times import exchange_time, from_us, hour_of, minute_of, minutes_of, to_us

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


@given(MOMENTS)
def test_microseconds_there_and_back(moment):
    assert from_us(to_us(moment)) == moment


@given(st.integers(0, 4 * 10**15))
def test_a_minute_begins_at_its_first_microsecond(microseconds):
    start = minute_of(microseconds)
    assert start <= microseconds < start + 60_000_000
    assert from_us(start) == from_us(microseconds).replace(second=0, microsecond=0)


def test_an_hour_has_sixty_minutes():
    hour = hour_of(datetime(2026, 11, 20, 5, 59, 59, 999_999, UTC))
    assert hour == datetime(2026, 11, 20, 5, tzinfo=UTC)
    minutes = minutes_of(hour)
    assert (len(minutes), minutes[0], minutes[-1]) == (60, hour, hour.replace(minute=59))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_723_161_255_342, (1_723_161_255_342_000, "ms")),
        (1_723_161_255_342_718, (1_723_161_255_342_718, "us")),
        (1_723_161_255_342_000, (1_723_161_255_342_000, "us")),
    ],
)
def test_either_unit_of_the_exchange_is_known_by_its_size(value, expected):
    assert exchange_time(value) == expected

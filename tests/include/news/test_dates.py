"""Times as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.news.dates import read_time

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("Fri, 28 Aug 2026 20:42:54 GMT", "2026-08-28T20:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 +0200", "2026-08-28T18:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 -0000", "2026-08-28T20:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 EST", "2026-08-29T01:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 CEST", "2026-08-28T18:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 BST", "2026-08-28T19:42:54", "second"),
        ("Fri, 28 Aug 2026 20:42:54 IST", "2026-08-28T15:12:54", "second"),
        ("28 Aug 2026 20:42 GMT", "2026-08-28T20:42:00", "minute"),
        ("2026-08-28T20:42:54Z", "2026-08-28T20:42:54", "second"),
        ("2026-08-28T20:42:54.25+05:30", "2026-08-28T15:12:54.250", "second"),
        ("2026-08-28 20:42:54 +0000", "2026-08-28T20:42:54", "second"),
        ("2026-08-28T20:42Z", "2026-08-28T20:42:00", "minute"),
        ("1788035000", "2026-08-29T20:23:20", "second"),
        ("1788035000123", "2026-08-29T20:23:20", "second"),
    ],
)
def test_a_time_with_its_zone_is_read(text: str, expected: str, precision: str) -> None:
    read = read_time(text, NOW)
    assert read is not None
    assert read.at == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert read.precision == precision


@pytest.mark.parametrize("text", ["2026-08-28", "20260828"])
def test_a_day_is_its_last_second_and_never_midnight(text: str) -> None:
    read = read_time(text, NOW)
    assert read is not None
    assert read.at == datetime(2026, 8, 28, 23, 59, 59, tzinfo=UTC)
    assert read.precision == "day"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday 10:00",
        "Fri, 28 Aug 2026",
        "Fri, 28 Aug 2026 20:42:54",
        "Fri, 28 Aug 2026 20:42:54 XYZ",
        "Fri, 28 Aug 2026 20:42:54 GMT+2",
        "Fri, 28 Aug 2026 24:00:00 GMT",
        "ven, 28 août 2026 20:42:54 GMT",
        "2026-08-28T20:42:54",
        "2026-08",
        "2099-01-01T00:00:00Z",
        "1980-01-01T00:00:00Z",
    ],
)
def test_what_is_not_known_is_not_made_up(text: str | None) -> None:
    assert read_time(text, NOW) is None


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    read = read_time(text, NOW)
    assert read is None or read.at <= NOW + timedelta(hours=48)

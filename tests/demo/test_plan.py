"""Which market is played, and which hours of it are scheduled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.errors import DemoError
from demo.plan import HOUR, past_hour, recording
from demo.tape import span_of
from tests.demo.tapes import MIDNIGHT, write_tape


def test_past_hour_is_the_last_complete_one():
    past = past_hour("BTCUSDT", 60, datetime(2026, 11, 20, 7, 59, 59, tzinfo=UTC))
    assert past.span.hours == [datetime(2026, 11, 20, 6, tzinfo=UTC)]
    assert past.span.begin == datetime(2026, 11, 20, 5, 58, tzinfo=UTC)
    assert past.span.end == datetime(2026, 11, 20, 7, 3, tzinfo=UTC)
    assert past.expect == "available"


def test_fraction_of_a_span():
    span = past_hour("BTCUSDT", 60, MIDNIGHT).span
    middle = span.begin + (span.end - span.begin) / 2
    assert [span.fraction(time) for time in (span.begin - HOUR, middle, span.end + HOUR)] == [0, 0.5, 1]


def test_recording_across_midnight(tmp_path):
    before = write_tape(tmp_path / "1.gz", [MIDNIGHT - timedelta(minutes=5), MIDNIGHT - timedelta(seconds=1)])
    after = write_tape(tmp_path / "2.gz", [MIDNIGHT + timedelta(seconds=1)])
    past = recording([before, after], "BTCUSDT", 60)
    assert past.span.hours == [MIDNIGHT - timedelta(hours=1), MIDNIGHT]
    assert past.expect == "degraded"
    assert f"--tape={before},{after}" in past.simulator


def test_times_in_microseconds(tmp_path):
    tape = write_tape(tmp_path / "tape.gz", [MIDNIGHT], unit_seconds=1e-6)
    assert span_of([tape], "BTCUSDT") == (MIDNIGHT, MIDNIGHT)


def test_symbol_that_is_not_on_the_tape(tmp_path):
    tape = write_tape(tmp_path / "tape.gz", [MIDNIGHT])
    with pytest.raises(DemoError, match="SYMBOL=ETHUSDT: no trade of it in"):
        span_of([tape], "ETHUSDT")


def test_truncated_tape(tmp_path):
    tape = write_tape(tmp_path / "tape.gz", [MIDNIGHT])
    tape.write_bytes(tape.read_bytes()[:-9])
    with pytest.raises(DemoError, match="not gzip lines"):
        span_of([tape], "BTCUSDT")


def test_recorded_tapes_of_binance():
    tapes = sorted((Path(__file__).parents[3] / "shared" / "data" / "binance" / "tape").glob("btcusdt_*.gz"))
    if not tapes:
        pytest.skip("no recorded tapes beside the repository (../shared/data/binance/tape)")
    hours = recording(tapes, "BTCUSDT", 60).span.hours
    assert hours == [datetime(2024, 8, 8, 23, tzinfo=UTC), datetime(2024, 8, 9, 0, tzinfo=UTC)]

"""Settings of the DAGs: Airflow's own configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.errors import SettingsError
from tradelake.settings import Settings, settings


def test_defaults() -> None:
    assert settings() == Settings(
        bucket="trade-lake",
        data_source="Binance",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catch_up=False,
        end_date=None,
        poke_interval_seconds=60,
        hour_deadline_hours=6,
        feeds_file=None,
        example_symbol="BTCUSDT",
    )


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BUCKET": "my-lake",
        "DATA_SOURCE": "BinanceUS",
        "START_DATE": "2026-01-31T06:00:00+01:00",
        "END_DATE": "2026-02-01",
        "POKE_INTERVAL_SECONDS": "30",
        "HOUR_DEADLINE_HOURS": "1",
        "FEEDS_FILE": "/etc/feeds.yaml",
        "EXAMPLE_SYMBOL": "ETHUSDT",
    }.items():
        monkeypatch.setenv(f"AIRFLOW__TRADELAKE__{name}", value)
    assert settings() == Settings(
        bucket="my-lake",
        data_source="BinanceUS",
        start_date=datetime(2026, 1, 31, 5, tzinfo=UTC),
        catch_up=True,
        end_date=datetime(2026, 2, 1, tzinfo=UTC),
        poke_interval_seconds=30,
        hour_deadline_hours=1,
        feeds_file=Path("/etc/feeds.yaml"),
        example_symbol="ETHUSDT",
    )


@pytest.mark.parametrize("name", ["END_DATE", "FEEDS_FILE"])
def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"AIRFLOW__TRADELAKE__{name}", "")
    assert (settings().end_date, settings().feeds_file) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("START_DATE", "yesterday", "a time such as 2026-01-31T06:00:00Z"),
        ("START_DATE", "P1D", "a time such as 2026-01-31T06:00:00Z"),
        ("START_DATE", "", "a time such as 2026-01-31T06:00:00Z"),
        ("END_DATE", "2026-13-01", "a time such as 2026-01-31T06:00:00Z"),
        ("POKE_INTERVAL_SECONDS", "29", "a whole number, at least 30"),
        ("POKE_INTERVAL_SECONDS", "60s", "a whole number, at least 30"),
        ("HOUR_DEADLINE_HOURS", "0", "a whole number, at least 1"),
        ("HOUR_DEADLINE_HOURS", "1.5", "a whole number, at least 1"),
        ("HOUR_DEADLINE_HOURS", "-6", "a whole number, at least 1"),
        ("HOUR_DEADLINE_HOURS", "", "a whole number, at least 1"),
        ("BUCKET", "", "a name such as trade-lake"),
        ("DATA_SOURCE", "", "a name such as Binance"),
        ("EXAMPLE_SYMBOL", "", "a name such as BTCUSDT"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    monkeypatch.setenv(f"AIRFLOW__TRADELAKE__{name}", value)
    with pytest.raises(SettingsError) as caught:
        settings()
    assert str(caught.value) == f"AIRFLOW__TRADELAKE__{name}={value!r} is not allowed: {allowed}"

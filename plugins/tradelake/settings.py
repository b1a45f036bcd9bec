"""Settings of the DAGs: Airflow's own configuration, section ``[tradelake]``.

In the environment they are ``AIRFLOW__TRADELAKE__<NAME>``. Secrets and endpoints are not here but in Airflow
connections. Reading them needs no network and no database, so DAG files may do it while they are parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pendulum
from airflow.sdk.configuration import conf

from include.errors import SettingsError

SECTION = "tradelake"
MINIMUM_POKE_SECONDS = 30
"""A deferred task that resumes within seconds can be marked failed by Airflow 3.3 (docs/decisions)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the DAGs may be told. Times are UTC.

    Attributes:
        bucket: the lake's bucket.
        data_source: first part of the trades' keys.
        start_date: first hour of trades that is made ready.
        catch_up: whether past hours since then are scheduled: only where ``start_date`` was set on purpose.
        end_date: last hour that is scheduled, None while it goes on.
        poke_interval_seconds: how often a sensor looks.
        hour_deadline_hours: how long after its end an hour may wait for what is missing.
        feeds_file: YAML list of feeds, None for the packaged one.
        example_symbol: symbol that ``example_downstream_sensor`` waits for.
    """

    bucket: str
    data_source: str
    start_date: datetime
    catch_up: bool
    end_date: datetime | None
    poke_interval_seconds: int
    hour_deadline_hours: int
    feeds_file: Path | None
    example_symbol: str


def settings() -> Settings:
    """Read the section.

    Raises:
        SettingsError: a value is not allowed; names the variable, the value and what is allowed.
    """
    return Settings(
        bucket=_name("bucket", "trade-lake"),
        data_source=_name("data_source", "Binance"),
        start_date=_time("start_date", "2026-01-01T00:00:00Z"),
        catch_up=_has("start_date"),
        end_date=_time("end_date", conf.get(SECTION, "end_date", fallback="")) if _has("end_date") else None,
        poke_interval_seconds=_whole("poke_interval_seconds", 60, MINIMUM_POKE_SECONDS),
        hour_deadline_hours=_whole("hour_deadline_hours", 6, 1),
        feeds_file=Path(conf.get(SECTION, "feeds_file")) if _has("feeds_file") else None,
        example_symbol=_name("example_symbol", "BTCUSDT"),
    )


def _has(name: str) -> bool:
    return bool(conf.get(SECTION, name, fallback=""))


def _name(name: str, fallback: str) -> str:
    text: str = conf.get(SECTION, name, fallback=fallback)
    if not text:
        raise SettingsError(_variable(name), text, f"a name such as {fallback}")
    return text


def _time(name: str, fallback: str) -> datetime:
    text = conf.get(SECTION, name, fallback=fallback)
    try:
        moment = pendulum.parse(text, tz="UTC")
    except ValueError:
        moment = None
    if not isinstance(moment, pendulum.DateTime):
        raise SettingsError(_variable(name), text, "a time such as 2026-01-31T06:00:00Z")
    return moment.in_timezone("UTC")


def _whole(name: str, fallback: int, minimum: int) -> int:
    text = conf.get(SECTION, name, fallback=str(fallback))
    if not text.isdecimal() or int(text) < minimum:
        raise SettingsError(_variable(name), text, f"a whole number, at least {minimum}")
    return int(text)


def _variable(name: str) -> str:
    return f"AIRFLOW__{SECTION.upper()}__{name.upper()}"

"""Which hour a run is for, and how that is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import jinja2
import pendulum
import pytest
from airflow.sdk.exceptions import AirflowFailException

from tradelake.partitions import (
    HOUR_KEY,
    HOUR_PATH,
    PartitionKeyError,
    due,
    hour_of_run,
    hour_path,
    hourly,
    parse_hour,
)

HOUR = datetime(2026, 1, 31, 6, tzinfo=UTC)
KEY = "2026-01-31T06:00:00"
OTHER = "2026-02-01T07:00:00"


def context(
    partition_key: str | None = None,
    param: str | None = None,
    logical_date: datetime | None = None,
    run_after: datetime = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC),
) -> dict[str, Any]:
    return {
        "partition_key": partition_key,
        "params": {"partition_key": param},
        "dag_run": SimpleNamespace(logical_date=logical_date, run_after=run_after),
    }


@pytest.mark.parametrize(
    ("run", "hour"),
    [
        (context(KEY, OTHER, datetime(2026, 2, 2, tzinfo=UTC)), HOUR),
        (context(None, KEY, datetime(2026, 2, 2, tzinfo=UTC)), HOUR),
        (context("", KEY), HOUR),
        (context(None, None, datetime(2026, 1, 31, 7, 59, 59, 999_999, tzinfo=UTC)), HOUR),
        (context(None, "", datetime(2026, 1, 31, 7, tzinfo=UTC)), HOUR),
        (context(), datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ],
    ids=["partition-key", "param", "empty-partition-key", "logical-date", "empty-param", "run-after"],
)
def test_the_hour_of_a_run(run: dict[str, Any], hour: datetime) -> None:
    assert hour_of_run(run) == hour
    assert hour_of_run(run).tzinfo is UTC
    assert jinja2.Template(HOUR_PATH).render(run, hour_path=hour_path) == f"{hour:%Y/%m/%d/%H}"


def test_a_date_of_another_zone_is_cut_to_the_hour_in_utc() -> None:
    half_past = timezone(timedelta(hours=5, minutes=30))
    assert hour_of_run(context(None, None, datetime(2026, 1, 31, 12, 45, tzinfo=half_past))) == HOUR


def test_a_run_without_the_context_of_partitions() -> None:
    run = context(None, KEY)
    del run["partition_key"]
    assert hour_of_run(run) == HOUR


@pytest.mark.parametrize(
    "key",
    [
        "yesterday",
        "2026-01-31",
        "2026-01-31T06",
        "2026-01-31T06:30:00",
        "2026-01-31T06:00:00Z",
        "2026-01-31T06:00:00+01:00",
        "2026-01-31T24:00:00",
        "2026-1-31T6:00:00",
        " 2026-01-31T06:00:00",
    ],
)
def test_a_wrong_key_is_one_clear_error_and_no_reason_to_try_again(key: str) -> None:
    with pytest.raises(PartitionKeyError) as caught:
        hour_of_run(context(param=key))
    assert str(caught.value) == (
        f"partition_key={key!r} is no hour: it must look like 2026-01-31T06:00:00 (UTC)"
    )
    assert isinstance(caught.value, AirflowFailException)


def test_a_key_names_its_hour_and_back() -> None:
    assert parse_hour(KEY) == HOUR
    assert HOUR.strftime(HOUR_KEY) == KEY


def test_an_hour_is_due_when_it_is_over() -> None:
    assert due(HOUR) == HOUR + timedelta(hours=1)


def test_the_schedule_runs_each_hour_once_it_is_over() -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(hourly())
    from_then_on = TimeRestriction(earliest=pendulum.instance(due(HOUR)), latest=None, catchup=True)
    first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=from_then_on)
    second = timetable.next_dagrun_info_v2(last_dagrun_info=first, restriction=from_then_on)
    assert (first.partition_key, first.run_after) == (KEY, due(HOUR))
    assert (second.partition_key, second.run_after) == ("2026-01-31T07:00:00", HOUR + timedelta(hours=2))

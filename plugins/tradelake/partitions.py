"""Formats of partition keys, declared once: a wrong format drops an event into a log row without an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param
from airflow.sdk.exceptions import AirflowFailException

from include.errors import LakeError
from include.lake.times import HOUR, hour_of

HOUR_KEY = "%Y-%m-%dT%H:00:00"
"""Key of an hour of trades: its start, UTC."""

HOUR_PATH = "{{ hour_path(partition_key, params, dag_run) }}"
"""Template of an hour's place in the lake, for DAGs with ``user_defined_macros={"hour_path": hour_path}``."""


class PartitionKeyError(LakeError, AirflowFailException):
    """A partition key that names no partition; a task that tries again would read the same one."""


def hourly() -> CronPartitionTimetable:
    """A run for every hour, once it is over, with the hour's partition key."""
    return CronPartitionTimetable("0 * * * *", timezone="UTC", run_offset=-1, key_format=HOUR_KEY)


def due(hour: datetime) -> datetime:
    """Return when the run of an hour is due. A DAG's start and end date bound runs, not partitions."""
    return hour + HOUR


def hour_param() -> Param:
    """The trigger form's field for an hour."""
    return Param(
        None,
        type=["null", "string"],
        title="Hour",
        description="Start of the hour, UTC, such as 2026-01-31T06:00:00. "
        "Empty: the run's partition, else the last hour that is over.",
    )


def hour_of_run(context: Mapping[str, Any]) -> datetime:
    """Return the hour that a run is for: its partition key, else the param ``partition_key``.

    Without either, as in a bare ``airflow dags test``, it is the last hour that was over at the run's date:
    the one that the schedule would have given it.

    Raises:
        PartitionKeyError: names the key and the format.
    """
    key = context.get("partition_key") or context["params"].get("partition_key")
    if key:
        return parse_hour(key)
    dag_run = context["dag_run"]
    return hour_of((dag_run.logical_date or dag_run.run_after).astimezone(UTC)) - HOUR


def hour_path(partition_key: str | None, params: Mapping[str, Any], dag_run: Any) -> str:
    """Return the place in the lake of a run's hour, ``2026/01/31/06``; the macro of ``HOUR_PATH``.

    Raises:
        PartitionKeyError: names the key and the format.
    """
    run = {"partition_key": partition_key, "params": params, "dag_run": dag_run}
    return f"{hour_of_run(run):%Y/%m/%d/%H}"


def parse_hour(key: str) -> datetime:
    """Return the hour that a key names.

    Raises:
        PartitionKeyError: names the key and the format.
    """
    try:
        hour = datetime.strptime(key, HOUR_KEY).replace(tzinfo=UTC)
    except ValueError:
        hour = None
    if hour is None or hour.strftime(HOUR_KEY) != key:
        raise PartitionKeyError(
            f"partition_key={key!r} is no hour: it must look like 2026-01-31T06:00:00 (UTC)"
        )
    return hour

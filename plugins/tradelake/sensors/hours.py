"""Waits that end with an hour's deadline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import Context

from tradelake.partitions import due, hour_of_run


class HourKeySensor(S3KeySensor):
    """Wait for keys, until an hour's deadline at the latest.

    The time-out counts from the hour's end, not from the task's start: a run that comes late, in a catch-up
    or a backfill, does not wait for what will not come any more. The hour is then judged by what is there.

    :param deadline: how long after its end an hour may wait.
    """

    def __init__(self, *, deadline: timedelta, **kwargs: Any) -> None:
        super().__init__(timeout=deadline.total_seconds(), **kwargs)
        self.deadline = deadline

    def execute(self, context: Context) -> None:
        """Wait for what is left of the time."""
        left = due(hour_of_run(context)) + self.deadline - datetime.now(UTC)
        if left <= timedelta(0):
            self.log.info("the hour's deadline is over: not waiting for %s", self.bucket_key)
            return
        self.timeout = left.total_seconds()
        super().execute(context)

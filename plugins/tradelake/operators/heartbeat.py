"""Heartbeat of the lake."""

from __future__ import annotations

from airflow.sdk import Context

from include.lake.times import hour_of
from tradelake.operators.lake import LakeOperator
from tradelake.run_time import run_time


class HeartbeatOperator(LakeOperator):
    """Write the heartbeat of the run's hour into the lake and read it back; an hour has one."""

    def execute(self, context: Context) -> str:
        """Return the heartbeat's key."""
        from include.news.heartbeat import beat

        key = beat(self.store, hour_of(run_time(context)))
        self.log.info("Wrote s3://%s/%s and read it back", self.bucket, key)
        return key

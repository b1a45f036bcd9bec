"""Heartbeat of the lake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context

from tradelake.run_time import run_time


class HeartbeatOperator(BaseOperator):
    """Write the run's heartbeat into the lake and read it back.

    :param bucket: the lake's bucket (templated).
    :param aws_conn_id: the Airflow connection to S3.
    """

    template_fields: Sequence[str] = ("bucket", "aws_conn_id")

    def __init__(self, *, bucket: str, aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> str:
        """Return the heartbeat's key."""
        # Imported here: DAG files are parsed every few seconds, by processes that need neither.
        from include.news.heartbeat import beat
        from tradelake.hooks.lake import LakeHook

        key = beat(LakeHook(self.aws_conn_id, self.bucket).store, run_time(context))
        self.log.info("Wrote s3://%s/%s and read it back", self.bucket, key)
        return key

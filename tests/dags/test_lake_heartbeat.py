"""The heartbeat, run by Airflow against a real S3 server."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.conftest import Bucket
from tests.dags.conftest import RunDag

RUN = datetime(2026, 1, 31, 6, tzinfo=UTC)


def test_a_run_writes_its_heartbeat_once(run_dag: RunDag, lake: Bucket) -> None:
    key = "Ext/TEST/2026/01/31/20260131T060000Z-News.json"
    for _ in range(2):
        assert run_dag("lake_heartbeat", logical_date=RUN).state == "success"
        assert lake.keys() == [key]
    assert b"20260131T060000Z" in lake.get(key)

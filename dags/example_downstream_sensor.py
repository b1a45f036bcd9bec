"""# Example: a downstream job that waits on one S3 key.

**What it does.** Runs for every hour by its own schedule, waits until the hour's `_READY.json` of one symbol
(`AIRFLOW__TRADELAKE__EXAMPLE_SYMBOL`) exists, and writes a few figures to
`Examples/sensor/{symbol}/{hour}.json`. The key exists only when the hour is complete, so the sensor needs no
more than its name: this works from any Airflow, also one that knows nothing of this lake.

**Run it again.** At any time; the same hour writes nothing twice. In a shell:

    airflow dags test example_downstream_sensor -c '{"partition_key": "2026-01-31T06:00:00"}'

**When it fails**: `wait` timed out after a day: the hour is not `available`; `_STATUS.json` beside the key
says why.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG

from tradelake.operators.examples import SummariseHourOperator
from tradelake.partitions import HOUR_PATH, due, hour_param, hour_path, hourly
from tradelake.settings import settings

SETTINGS = settings()

with DAG(
    dag_id="example_downstream_sensor",
    schedule=hourly(),
    start_date=due(SETTINGS.start_date),
    end_date=due(SETTINGS.end_date) if SETTINGS.end_date else None,
    catchup=SETTINGS.catch_up,
    max_active_runs=4,
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    params={"partition_key": hour_param()},
    user_defined_macros={"hour_path": hour_path},
    tags=["example", "trades"],
    doc_md=__doc__,
):
    wait = S3KeySensor(
        task_id="wait",
        bucket_name=SETTINGS.bucket,
        bucket_key=f"{SETTINGS.data_source}/{SETTINGS.example_symbol}/{HOUR_PATH}/_READY.json",
        deferrable=True,
        poke_interval=SETTINGS.poke_interval_seconds,
        timeout=timedelta(days=1).total_seconds(),
    )
    wait >> SummariseHourOperator(
        task_id="summarise",
        bucket=SETTINGS.bucket,
        prefix="Examples/sensor/",
        symbol=SETTINGS.example_symbol,
        execution_timeout=timedelta(minutes=15),
    )

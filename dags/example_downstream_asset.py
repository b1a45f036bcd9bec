"""# Example: a downstream job on the asset partition `trades_hour`.

**What it does.** Runs once for every hour that `trades_hour_ready` emits, for all symbols at once, and writes
a few figures to `Examples/asset/{symbol}/{hour}.json`. An hour may be emitted `degraded` at its deadline: a
job that must not read such an hour looks at `_STATUS.json`, or waits for `_READY.json`
(`example_downstream_sensor`).

**Run it again.** At any time; the same hour writes nothing twice. In a shell:

    airflow dags test example_downstream_asset -c '{"partition_key": "2026-01-31T06:00:00"}'

**When it fails**, the log names the object that could not be read. While this DAG is paused, emitted hours
are lost to it (docs/decisions): trigger the hours that `_STATUS.json` shows and `Examples/asset/` does not.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable

from tradelake.assets import TRADES_HOUR
from tradelake.operators.examples import SummariseHourOperator
from tradelake.partitions import hour_param
from tradelake.settings import settings

SETTINGS = settings()

with DAG(
    dag_id="example_downstream_asset",
    schedule=PartitionedAssetTimetable(assets=TRADES_HOUR),
    start_date=SETTINGS.start_date,
    catchup=False,
    max_active_runs=4,
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    params={"partition_key": hour_param()},
    tags=["example", "trades"],
    doc_md=__doc__,
):
    SummariseHourOperator(
        task_id="summarise",
        bucket=SETTINGS.bucket,
        prefix="Examples/asset/",
        execution_timeout=timedelta(minutes=15),
    )

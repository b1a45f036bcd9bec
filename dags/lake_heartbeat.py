"""# Heartbeat of the lake.

**What it does.** Every hour it writes `Ext/TEST/YYYY/MM/DD/<run time>-News.json` and reads it back. If this
DAG is green, the bucket, the endpoint and the credentials work.

**Run it again.** Clear the run, or trigger it; an hour has one heartbeat. From a shell:

    airflow dags test lake_heartbeat -c '{}'

**When it fails**, the log's last line names the cause:

- *does not exist*: create the bucket, or correct `AIRFLOW__TRADELAKE__BUCKET`.
- *refused the request*: the key, secret or permissions of the connection `aws_default`.
- *answered 5xx*, *could not connect*: the endpoint in the connection's extra (`endpoint_url`), then
  the network.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from tradelake.operators.heartbeat import HeartbeatOperator
from tradelake.settings import settings

SETTINGS = settings()

with DAG(
    dag_id="lake_heartbeat",
    schedule="@hourly",
    start_date=SETTINGS.start_date,
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["lake", "health"],
    doc_md=__doc__,
):
    HeartbeatOperator(task_id="beat", bucket=SETTINGS.bucket)

"""# An hour of trades: complete, deduplicated, proved.

**What it does.** For every hour, once it is over:

1. `catalog`, `keys`, `wait`: waits until each symbol's next hour has begun in the lake (one exact key each),
   at the latest until the deadline; an hour that is older than that is not waited for.
2. `verify`: judges the hour by its minute manifests, whatever the wait said: ids consecutive inside and with
   both neighbours, klines equal.
3. `repair`: fetches single missing trades from the exchange (`historicalTrades`), as normal batches.
4. `seal`: writes `_STATUS.json`, and `_READY.json` **only when the hour is `available`**.
5. `emit`: emits the partition of the asset `trades_hour` when every symbol is available, at the latest
   `AIRFLOW__TRADELAKE__HOUR_DEADLINE_HOURS` after the hour's end with what there is.

**Run it again.** At any time; an hour that did not change is not written again. In a shell:

    airflow dags test trades_hour_ready -c '{"partition_key": "2026-01-31T06:00:00"}'

In the UI: trigger with the hour as partition key. *Emit degraded* emits at once, whatever the hour is worth.

**When it fails**

- `wait` timed out: the collector of that symbol wrote nothing into the next hour. The run goes on without it
  and `_STATUS.json` says what is missing; look at the collector's `/health`.
- `seal` names a symbol and an object: the other symbols are sealed. Mend the object, clear the run.
- `repair` logs that the exchange *cannot be reached* or what it *answered*: the hour is `degraded`; clear the
  run later.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from tradelake.assets import TRADES_HOUR
from tradelake.operators.hours import (
    AwaitedKeysOperator,
    EmitHourOperator,
    RepairHourOperator,
    SealHourOperator,
    VerifyHourOperator,
)
from tradelake.partitions import due, hour_param, hourly
from tradelake.sensors.hours import HourKeySensor
from tradelake.settings import settings

SETTINGS = settings()
DEADLINE = timedelta(hours=SETTINGS.hour_deadline_hours)
WAIT = {
    "bucket_name": SETTINGS.bucket,
    "deferrable": True,
    "poke_interval": SETTINGS.poke_interval_seconds,
    "deadline": DEADLINE,
}
WORK = {"bucket": SETTINGS.bucket, "execution_timeout": timedelta(minutes=15)}
"""A task that hangs is tried again. A wait has its own time-out, which a deferral must not cut short."""

with DAG(
    dag_id="trades_hour_ready",
    schedule=hourly(),
    start_date=due(SETTINGS.start_date),
    end_date=due(SETTINGS.end_date) if SETTINGS.end_date else None,
    catchup=SETTINGS.catch_up,
    max_active_runs=16,
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "partition_key": hour_param(),
        "emit_degraded": Param(False, type="boolean", title="Emit degraded"),
    },
    render_template_as_native_obj=True,
    tags=["trades", "readiness"],
    doc_md=__doc__,
):
    catalog = HourKeySensor(task_id="catalog", bucket_key="_catalog.json", **WAIT)
    keys = AwaitedKeysOperator(task_id="keys", **WORK)
    wait = HourKeySensor(task_id="wait", bucket_key=keys.output, **WAIT)
    verify = VerifyHourOperator(task_id="verify", trigger_rule="all_done", **WORK)
    repair = RepairHourOperator(task_id="repair", missing=verify.output, **WORK)
    seal = SealHourOperator(task_id="seal", fail_at_end=True, **WORK)
    emit = EmitHourOperator(
        task_id="emit",
        conditions=seal.output,
        deadline=DEADLINE,
        emit_degraded="{{ params.emit_degraded }}",
        outlets=[TRADES_HOUR],
    )
    catalog >> keys >> wait >> verify >> repair >> seal >> emit

"""Waiting for the runs of the DAGs that a demo sets off or expects, and telling of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from demo.airflow import Airflow
from demo.airflow_api import DagRun
from demo.console import Bar
from demo.errors import DemoError
from demo.processes import Pause

_POLL_SECONDS = 1.0
_DAGS_SECONDS = 90.0
_LOG_LINES = 15
_NEWS = ("news_rss", "news_content")
_FAILED = "failed"
_ACTIVE = ("queued", "running")
_TROUBLED = (_FAILED, "up_for_retry", "running", "deferred")


@dataclass(frozen=True)
class Expected:
    """A run that must succeed: of a DAG, and if given, of a type and with a partition key."""

    dag_id: str
    run_type: str | None = None
    partition_key: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.dag_id, self.run_type, self.partition_key) if part)

    def is_met_by(self, run: DagRun) -> bool:
        """Tell whether the run is one of these and succeeded."""
        return (
            run.dag_id == self.dag_id
            and run.state == "success"
            and self.run_type in (None, run.run_type)
            and self.partition_key in (None, run.partition_key)
        )


def wait_for_runs(
    airflow: Airflow, expected: Iterable[Expected], seconds: float, bar: Bar, pause: Pause
) -> list[DagRun]:
    """Wait until every expected run has succeeded, and no other run of the news is under way; return all.

    Raises:
        DemoError: a run failed, a DAG file cannot be imported, or `seconds` have passed.
    """
    wanted, deadline = list(expected), time.monotonic() + seconds
    while True:
        runs = airflow.api.dag_runs()
        raise_on_failure(airflow, runs)
        missing = [want for want in wanted if not any(want.is_met_by(run) for run in runs)]
        if not missing and not any(run.dag_id in _NEWS and run.state in _ACTIVE for run in runs):
            return runs
        if time.monotonic() > deadline:
            raise DemoError(_unfinished(airflow, missing, runs, seconds))
        bar.show(1 - len(missing) / len(wanted), f"waiting for {missing[0] if missing else 'news'}")
        pause(_POLL_SECONDS)


def wait_for_dags(airflow: Airflow, dag_ids: Iterable[str], pause: Pause) -> None:
    """Wait until Airflow has read the DAG files.

    Raises:
        DemoError: one cannot be imported, or is not known in time.
    """
    deadline = time.monotonic() + _DAGS_SECONDS
    while missing := set(dag_ids) - airflow.api.dag_ids():
        raise_on_failure(airflow, [])
        if time.monotonic() > deadline:
            raise DemoError(f"Airflow does not know {sorted(missing)}, see {airflow.process.log}")
        pause(_POLL_SECONDS)


def raise_on_failure(airflow: Airflow, runs: Iterable[DagRun]) -> None:
    """Raise DemoError, with the end of the task's log, when a run has failed or a DAG is broken."""
    for file, trace in airflow.api.import_errors().items():
        raise DemoError(f"Airflow cannot import {file}:\n{trace}")
    for run in runs:
        if run.state == _FAILED:
            raise DemoError(f"the run {run.run_id} of {run.dag_id} failed\n{_troubles(airflow, run)}")


def runs_table(runs: Iterable[DagRun]) -> Table:
    """Return the runs as a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("DAG", "run type", "state", "partition key"):
        table.add_column(name, overflow="fold")
    for run in sorted(runs, key=lambda run: run.dag_id):
        table.add_row(run.dag_id, run.run_type, run.state, run.partition_key or "")
    return table


def _unfinished(airflow: Airflow, missing: list[Expected], runs: list[DagRun], seconds: float) -> str:
    dag_ids = {want.dag_id for want in missing}
    active = [run for run in runs if run.state in _ACTIVE and run.dag_id in dag_ids]
    troubles = [trouble for run in active if (trouble := _troubles(airflow, run))]
    lines = [
        f"these DAG runs did not finish in {seconds:.0f} s: {', '.join(map(str, missing))}",
        *(f"{run.dag_id} {run.run_id}: {run.state}" for run in active),
        *troubles,
        f"logs: {airflow.process.log}, {airflow.logs}",
    ]
    return "\n".join(lines)


def _troubles(airflow: Airflow, run: DagRun) -> str:
    """Return the ends of the logs of the tasks that a run has failed at, or has come to."""
    tasks = [task for task in airflow.api.task_instances(run) if task.state in _TROUBLED]
    return "\n".join(
        f"task {task.task_id}, {task.state}: {_task_log(airflow.logs, run, task.task_id)}" for task in tasks
    )


def _task_log(logs: Path, run: DagRun, task_id: str) -> str:
    """Return the end of the newest log of a task; Airflow writes one JSON object a line."""
    folder = logs / f"dag_id={run.dag_id}" / f"run_id={run.run_id}" / f"task_id={task_id}"
    attempts = sorted(folder.rglob("attempt=*.log"), key=lambda file: file.stat().st_mtime)
    if not attempts:
        return f"no log below {folder}"
    lines = [_readable(line) for line in attempts[-1].read_text(encoding="utf-8").splitlines()]
    return "\n".join([str(attempts[-1]), *(f"    {line}" for line in lines if line)][-_LOG_LINES:])


def _readable(line: str) -> str:
    """Return a line of a task's log as text: its level, what it says, and the error that it carries."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    event = str(entry.get("event", ""))
    return "" if event.startswith("::") else " ".join([entry.get("level", ""), event, *errors])

"""The time of a run, which names what the run writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def run_time(context: Mapping[str, Any]) -> datetime:
    """Return the run's logical date, or the time that it was due where it has none (asset-triggered runs).

    Both stay the same when the run is tried again. In ``airflow dags test`` it is the present, unless a date
    is given.
    """
    dag_run = context["dag_run"]
    moment: datetime = dag_run.logical_date or dag_run.run_after
    return moment

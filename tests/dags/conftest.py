"""Airflow for the tests of DAGs: a migrated database, the lake's connections, and a way to run a DAG."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.airflow_environment import DAGS
from tests.conftest import Bucket

RunDag = Callable[..., Any]

AIRFLOW_WARNINGS = [
    "GitWildMatchPattern:DeprecationWarning",
    "Using `httpx` with `starlette:Warning",
]
"""Filters for what Airflow 3.3 itself does that is deprecated elsewhere."""


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """A migrated SQLite database in the session's ``AIRFLOW_HOME``."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def lake(bucket: Bucket, airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket that the DAGs write to: Airflow's connection and ``[tradelake]`` settings point at it."""
    endpoint = bucket.endpoint
    connection = {
        "conn_type": "aws",
        "login": endpoint.access_key,
        "password": endpoint.secret_key,
        "extra": {"endpoint_url": endpoint.url, "region_name": endpoint.region},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW__TRADELAKE__BUCKET", bucket.name)
    return bucket


@pytest.fixture
def run_dag(lake: Bucket) -> RunDag:
    """Run a DAG of `dags/` in this process, as ``airflow dags test`` does, and return its run.

    ``run_dag("news_rss", logical_date=..., conf={...})``
    """

    def run(dag_id: str, *, logical_date: datetime | None = None, conf: dict[str, Any] | None = None) -> Any:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(DAGS / f"{dag_id}.py")
        assert bag.import_errors == {}
        when = {"logical_date": logical_date} if logical_date else {}
        return bag.dags[dag_id].test(run_conf=conf or {}, **when)

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pass what Airflow itself does that is deprecated elsewhere; in our own code warnings stay errors."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for warning in AIRFLOW_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))

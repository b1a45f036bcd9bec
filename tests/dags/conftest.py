"""Airflow for the tests of DAGs: a migrated database, the lake's connections, and a way to run a DAG."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.airflow_environment import DAGS, REPOSITORY, let_pass_what_airflow_warns_of
from tests.conftest import Bucket

RunDag = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_pass_what_airflow_warns_of(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """A migrated SQLite database in the session's ``AIRFLOW_HOME``."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of one simulator process: exchange, feeds and article pages."""
    log_folder = tmp_path_factory.mktemp("simulator")
    command = [sys.executable, "-m", "simulator", "--port", "0", "--log-dir", str(log_folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.terminate()


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
    """Run a DAG of ``dags/`` in this process, as ``airflow dags test`` does, and return its run.

    ``run_dag("news_rss", logical_date=..., conf={...})``. The file is parsed anew, with the settings that
    the environment holds now.
    """

    def run(dag_id: str, *, logical_date: datetime | None = None, conf: dict[str, Any] | None = None) -> Any:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(DAGS / f"{dag_id}.py")
        assert bag.import_errors == {}
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            task.retries = 0  # it would wait for them
        when = {"logical_date": logical_date} if logical_date else {}
        return dag.test(run_conf=conf or {}, **when)

    return run

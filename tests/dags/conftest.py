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

from demo.seaweed import S3Endpoint
from tests.airflow_environment import DAGS, REPOSITORY, let_pass_what_airflow_warns_of
from tests.conftest import Bucket
from tests.dags.collected_hour import SPEED, CollectedHour, collect_hour
from tests.market import market

RunDag = Callable[..., Any]
HourOf = Callable[..., Bucket]


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
    the environment holds now; ``change`` may then change the DAG.
    """

    def run(
        dag_id: str,
        *,
        logical_date: datetime | None = None,
        conf: dict[str, Any] | None = None,
        change: Callable[[Any], None] = lambda dag: None,
    ) -> Any:
        dag = parse_dag(dag_id)
        for task in dag.tasks:
            task.retries = 0  # it would wait for them
        change(dag)
        when = {"logical_date": logical_date} if logical_date else {}
        return dag.test(run_conf=conf or {}, **when)

    return run


def parse_dag(dag_id: str) -> Any:
    """Read a DAG's file, with the settings that the environment holds now."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS / f"{dag_id}.py")
    assert bag.import_errors == {}
    return bag.dags[dag_id]


@pytest.fixture(scope="session")
def collected_hour(
    s3_server: S3Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CollectedHour]:
    """An hour of market that a real collector wrote, and the exchange, which still answers at REST."""
    name, client = "collected-hour", s3_server.client()
    client.create_bucket(Bucket=name)
    with market(tmp_path_factory.mktemp("market"), speed=SPEED) as played:
        folder = tmp_path_factory.mktemp("collector")
        yield collect_hour(played, Bucket(name, client, s3_server), folder)


@pytest.fixture
def hour_of(lake: Bucket, collected_hour: CollectedHour, monkeypatch: pytest.MonkeyPatch) -> HourOf:
    """Put the collected hour of some symbols into the test's lake; its exchange is the DAGs'."""
    connection = {"conn_type": "http", "host": collected_hour.market.url}
    monkeypatch.setenv("AIRFLOW_CONN_BINANCE_DEFAULT", json.dumps(connection))

    def put(*symbols: str) -> Bucket:
        collected_hour.copy_to(lake, symbols)
        return lake

    return put

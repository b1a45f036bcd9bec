"""What holds for every DAG, whoever writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.airflow_environment import DAGS, REPOSITORY

GRAPH = Path(__file__).with_name("graph.yaml")
FILES = sorted(DAGS.glob("*.py"))

HEAVY = {"pyarrow", "feedparser", "trafilatura", "newspaper"}

PARSE_WITHOUT_NETWORK = """
import json, runpy, socket, sys
from botocore.client import ClientCreator

def refuse(*_, **__):
    raise AssertionError("parsing a DAG file opened a connection or made a client")

# Sensors of the amazon provider import boto3 themselves: what must not be is a client.
ClientCreator.create_client = refuse
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
for path in sys.argv[1:]:
    runpy.run_path(path)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def dags(airflow_database: None) -> dict[str, Any]:
    """All DAGs by id; parsing them raises no error."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    return bag.dags


def test_one_file_a_dag_named_like_it(dags: dict[str, Any]) -> None:
    assert sorted(dags) == [path.stem for path in FILES]


def test_every_dag_has_a_runbook(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        assert f"airflow dags test {dag_id}" in (dag.doc_md or ""), dag_id
        assert "When it fails" in dag.doc_md, dag_id


def test_every_dag_says_whose_it_is_and_when_it_starts(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        assert dag.tags, dag_id
        assert dag.start_date is not None, dag_id
        assert "catchup=" in Path(dag.fileloc).read_text(), f"{dag_id} leaves catchup to the configuration"
        assert {task.owner for task in dag.tasks} == {"tradelake"}, dag_id


def test_every_task_is_tried_again(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        for task in dag.tasks:
            assert task.retries >= 1, f"{dag_id}.{task.task_id}"


def test_every_dag_can_be_serialised(dags: dict[str, Any]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag_id, dag in dags.items():
        stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))
        assert DagSerialization.from_dict(stored).dag_id == dag_id


def test_the_graph_is_the_reviewed_one(dags: dict[str, Any]) -> None:
    """After a wanted change, put what this prints into ``graph.yaml`` and review it there."""
    graph = {dag_id: _described(dag) for dag_id, dag in dags.items()}
    assert graph == yaml.safe_load(GRAPH.read_text()), f"{GRAPH.name} would become:\n{yaml.safe_dump(graph)}"


def test_parsing_needs_no_network_and_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARSE_WITHOUT_NETWORK, *map(str, FILES)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY / "plugins",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert HEAVY.isdisjoint(json.loads(done.stdout.splitlines()[-1]))


def _described(dag: Any) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))["dag"]
    return {
        "schedule": stored["timetable"],
        "catchup": dag.catchup,
        "tasks": {
            task.task_id: {
                "operator": task.task_type,
                "after": sorted(task.upstream_task_ids),
                "when": task.trigger_rule.value,
                "emits": [asset.name for asset in task.outlets],
            }
            for task in dag.tasks
        },
    }

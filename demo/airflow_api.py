"""The part of Airflow's REST API that the demo uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from demo.errors import DemoError

_TIMEOUT_SECONDS = 20.0
_COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG, as Airflow tells it."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    partition_key: str | None

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Build it from an element of `GET /api/v2/dags/~/dagRuns`."""
        return cls(row["dag_id"], row["dag_run_id"], row["run_type"], row["state"], row["partition_key"])


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One try of a task in a run."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None


def _passes(error: BaseException) -> bool:
    """Tell whether a request that failed like this may work when it is made again."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError)


_PASSES = retry_if_exception(_passes)


class AirflowApi:
    """A client with a login of its own. Every method raises DemoError when Airflow refuses or is away."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._credentials = {"username": login, "password": password}

    def is_healthy(self) -> bool:
        """Tell whether database, scheduler, triggerer and DAG processor all report to be healthy."""
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        return answer.is_success and all(
            answer.json()[component]["status"] == "healthy" for component in _COMPONENTS
        )

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that can be run."""
        return {row["dag_id"] for row in self._get("/api/v2/dags", limit=100)["dags"]}

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that could not be imported, each with its traceback."""
        rows = self._get("/api/v2/importErrors", limit=100)["import_errors"]
        return {row["filename"]: row["stack_trace"] for row in rows}

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run of a DAG by hand; a run of that id that is there already is as good."""
        run = {"dag_run_id": run_id, "logical_date": None}
        self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body=run, good=(HTTPStatus.CONFLICT,))

    def dag_runs(self) -> list[DagRun]:
        """Return every run there is, the oldest first (up to 100: a demo's worth)."""
        rows = self._get("/api/v2/dags/~/dagRuns", limit=100, order_by="id")["dag_runs"]
        return [DagRun.from_json(row) for row in rows]

    def task_instances(self, run: DagRun) -> list[TaskInstance]:
        """Return the tasks of a run."""
        rows = self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", limit=100)
        return [
            TaskInstance(run.dag_id, run.run_id, row["task_id"], row["map_index"], row["state"])
            for row in rows["task_instances"]
        ]

    def _get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._request("GET", path, query=query)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        good: Sequence[int] = (),
    ) -> dict[str, Any]:
        try:
            answer = self._send(method, path, query, body, good)
        except httpx.HTTPStatusError as error:
            raise DemoError(f"Airflow: {error}: {error.response.text[:500]}") from error
        except httpx.TransportError as error:
            raise DemoError(f"Airflow: {method} {self._client.base_url}{path}: {error}") from error
        content: dict[str, Any] = answer.json()
        return content

    # On SQLite the API server answers 500 when it has waited in vain for the database, which happens when
    # tasks start at the same moment.
    @retry(retry=_PASSES, stop=stop_after_attempt(5), wait=wait_fixed(1), reraise=True)
    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, object] | None,
        good: Sequence[int],
    ) -> httpx.Response:
        if "Authorization" not in self._client.headers:
            self._log_in()
        answer = self._client.request(method, path, params=query, json=body)
        return answer if answer.status_code in good else answer.raise_for_status()

    def _log_in(self) -> None:
        answer = self._client.post("/auth/token", json=self._credentials).raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

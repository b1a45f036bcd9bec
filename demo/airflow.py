"""Airflow standalone in a folder of the run: SQLite, LocalExecutor, a known login, our DAGs and plugin."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from demo.airflow_api import AirflowApi
from demo.environment import REPOSITORY, base_environment
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess, Pause
from demo.seaweed import S3Endpoint

LOGIN = "admin"
PASSWORD = "admin"

_READY_SECONDS = 120.0


class Airflow:
    """`airflow standalone` with its home in `directory`."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        """Start it on free ports; `wait_ready` says when it can be used.

        Args:
            directory: becomes AIRFLOW_HOME: database, logs and generated configuration.
            settings: further environment variables: connections, our own `[tradelake]` section.
        """
        directory.mkdir(parents=True, exist_ok=True)
        api, *log_servers = free_ports(3)
        self.url = f"http://{HOST}:{api}"
        self.logs = directory / "logs"
        self.api = AirflowApi(self.url, LOGIN, PASSWORD)
        self.variables = _installation(directory) | _servers(self.url, api, log_servers) | dict(settings)
        self.process = ChildProcess(
            "airflow",
            [str(Path(sys.executable).with_name("airflow")), "standalone"],
            log_folder=directory,
            directory=directory,
            environment=base_environment(directory / "home") | self.variables,
            # SIGTERM would end the parent alone and orphan scheduler, API server and their workers.
            stop_signal=signal.SIGINT,
            stop_seconds=10.0,
        )

    def wait_ready(self, pause: Pause) -> None:
        """Wait until all four components are healthy.

        Raises:
            ProcessFailed: it ended, or was not healthy in time.
        """
        self.process.wait_ready(self.api.is_healthy, _READY_SECONDS, pause)


def lake_settings(
    *,
    endpoint: S3Endpoint,
    bucket: str,
    symbol: str,
    exchange_url: str,
    first_hour: datetime,
    last_hour: datetime | None,
) -> dict[str, str]:
    """Return the connections and the `[tradelake]` section for one lake.

    Args:
        endpoint: S3 server of the lake.
        bucket: its bucket.
        symbol: what the examples work on.
        exchange_url: base URL of the exchange's REST interface.
        first_hour: first hour that the hourly DAGs schedule.
        last_hour: last such hour; None: no end.
    """
    aws = {
        "conn_type": "aws",
        "login": endpoint.access_key,
        "password": endpoint.secret_key,
        "extra": {"endpoint_url": endpoint.url, "region_name": endpoint.region},
    }
    section = {
        "bucket": bucket,
        "example_symbol": symbol,
        "start_date": first_hour.isoformat(),
        "poke_interval_seconds": "30",
    } | ({"end_date": last_hour.isoformat()} if last_hour else {})
    return {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws),
        "AIRFLOW_CONN_BINANCE_DEFAULT": json.dumps({"conn_type": "http", "host": exchange_url}),
    } | {f"AIRFLOW__TRADELAKE__{name.upper()}": value for name, value in section.items()}


def _installation(directory: Path) -> dict[str, str]:
    passwords = directory / "passwords.json"
    passwords.write_text(json.dumps({LOGIN: PASSWORD}), encoding="utf-8")
    return {
        "AIRFLOW_HOME": str(directory),
        "PYTHONPATH": str(REPOSITORY),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{LOGIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    }


def _servers(url: str, api: int, log_servers: list[int]) -> dict[str, str]:
    """Return every port that Airflow opens, so that a second Airflow on the machine is not in the way."""
    worker_logs, trigger_logs = log_servers
    return {
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_logs),
    }

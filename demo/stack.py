"""The stack behind an exchange: S3 server, Airflow, collector; each real, each in a folder of the run."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from demo.airflow import Airflow, lake_settings
from demo.collector import Collector
from demo.console import Reporter
from demo.dag_runs import wait_for_dags
from demo.seaweed import S3Endpoint, Seaweed
from demo.supervision import Supervisor

BUCKET = "tradelake-demo"

_DAGS = (
    "lake_heartbeat",
    "news_rss",
    "news_content",
    "trades_hour_ready",
    "example_downstream_asset",
    "example_downstream_sensor",
)


@dataclass(frozen=True)
class Source:
    """Where market and news come from, and which hours of it are scheduled.

    Attributes:
        symbol: what is collected.
        first_hour: first hour that the hourly DAGs schedule.
        last_hour: the last one; None: no end.
        rest_url: base URL of the exchange's REST interface.
        websocket_url: base URL of its streams.
        feeds: news feeds, URL by name; None: the packaged list.
    """

    symbol: str
    first_hour: datetime
    last_hour: datetime | None
    rest_url: str
    websocket_url: str
    feeds: Mapping[str, str] | None


class Stack:
    """Its parts, once started, are watched and stopped by the supervisor: the last one first.

    Every method raises Interrupted when the user asks to stop, ProcessFailed when a part does not start.
    """

    def __init__(self, folder: Path, source: Source, supervisor: Supervisor, reporter: Reporter) -> None:
        """Start the S3 server and make the bucket."""
        self._folder = folder
        self._source = source
        self._supervisor = supervisor
        self._reporter = reporter
        seaweed = Seaweed(folder / "seaweed")
        supervisor.watch(seaweed.process)
        seaweed.wait_ready(supervisor.pause)
        self.endpoint = seaweed.endpoint
        self.endpoint.client().create_bucket(Bucket=BUCKET)
        reporter.step(f"S3 server    {self.endpoint.url}, bucket {BUCKET}")

    def start_airflow(self) -> Airflow:
        """Start Airflow; return when the DAGs are known."""
        airflow = Airflow(self._folder / "airflow", self._airflow_settings())
        self._supervisor.watch(airflow.process)
        airflow.wait_ready(self._supervisor.pause)
        wait_for_dags(airflow, _DAGS, self._supervisor.pause)
        self._reporter.step(f"Airflow      {airflow.url}")
        return airflow

    def start_collector(self) -> Collector:
        """Start the collector; return when it is connected.

        It takes a market that stands still for a dead connection: start the market at once.
        """
        collector = Collector(
            self._folder / "collector",
            endpoint=self.endpoint,
            bucket=BUCKET,
            symbol=self._source.symbol,
            rest_url=self._source.rest_url,
            websocket_url=self._source.websocket_url,
        )
        self._supervisor.watch(collector.process)
        collector.wait_connected(self._supervisor.pause)
        self._reporter.step("collector    connected")
        return collector

    def _airflow_settings(self) -> dict[str, str]:
        source, feeds = self._source, self._source.feeds
        settings = lake_settings(
            endpoint=self.endpoint,
            bucket=BUCKET,
            symbol=source.symbol,
            exchange_url=source.rest_url,
            first_hour=source.first_hour,
            last_hour=source.last_hour,
        )
        if feeds is None:
            return settings
        feeds_file = self._folder / "feeds.yaml"
        listed = [{"name": name, "url": url} for name, url in feeds.items()]
        feeds_file.write_text(yaml.safe_dump({"feeds": listed}), encoding="utf-8")
        return settings | {"AIRFLOW__TRADELAKE__FEEDS_FILE": str(feeds_file)}


def write_environment(file: Path, endpoint: S3Endpoint, airflow: Airflow) -> None:
    """Write a script for the user's shell, which makes `airflow` and AWS tools speak to a stack."""
    variables = airflow.variables | endpoint.environment() | {"S3_BUCKET": BUCKET}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"\n')
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as script:
        script.writelines(lines)

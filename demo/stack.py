"""The stack behind an exchange: S3 server, Airflow, collector; each real, each in a folder of the run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from demo.airflow import Airflow, lake_settings
from demo.collector import Collector
from demo.console import Reporter
from demo.seaweed import Seaweed
from demo.supervision import Supervisor

BUCKET = "tradelake-demo"


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
    """Started here, stopped by the supervisor: the collector first, the S3 server last."""

    def __init__(self, folder: Path, source: Source, supervisor: Supervisor, reporter: Reporter) -> None:
        """Start everything and wait until it is ready.

        Raises:
            Interrupted: the user asked to stop.
            ProcessFailed: a part did not start.
        """
        self.seaweed = Seaweed(folder / "seaweed")
        supervisor.watch(self.seaweed.process)
        self.airflow = Airflow(folder / "airflow", _airflow_settings(folder, source, self.seaweed))
        supervisor.watch(self.airflow.process)
        self.seaweed.wait_ready(supervisor.pause)
        self.seaweed.endpoint.client().create_bucket(Bucket=BUCKET)
        reporter.step(f"S3 server    {self.seaweed.endpoint.url}, bucket {BUCKET}")
        self.airflow.wait_ready(supervisor.pause)
        reporter.step(f"Airflow      {self.airflow.url}")
        # Last, since it takes a market that stands still for a dead connection.
        self.collector = self._collector(folder, source)
        supervisor.watch(self.collector.process)
        self.collector.wait_connected(supervisor.pause)
        reporter.step("collector    connected")

    def _collector(self, folder: Path, source: Source) -> Collector:
        return Collector(
            folder / "collector",
            endpoint=self.seaweed.endpoint,
            bucket=BUCKET,
            symbol=source.symbol,
            rest_url=source.rest_url,
            websocket_url=source.websocket_url,
        )

    def write_environment(self, file: Path) -> None:
        """Write a script for the user's shell, which makes `airflow` and AWS tools speak to this stack."""
        variables = self.airflow.variables | self.seaweed.endpoint.environment() | {"S3_BUCKET": BUCKET}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
        file.unlink(missing_ok=True)
        with open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as script:
            script.writelines(lines)


def _airflow_settings(folder: Path, source: Source, seaweed: Seaweed) -> dict[str, str]:
    settings = lake_settings(seaweed.endpoint, BUCKET, source.rest_url, source.first_hour, source.last_hour)
    if source.feeds is None:
        return settings
    feeds_file = folder / "feeds.yaml"
    feeds = [{"name": name, "url": url} for name, url in source.feeds.items()]
    feeds_file.write_text(yaml.safe_dump({"feeds": feeds}), encoding="utf-8")
    return settings | {"AIRFLOW__TRADELAKE__FEEDS_FILE": str(feeds_file)}

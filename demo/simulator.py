"""The simulator: the exchange and the news sites of the demo."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from demo.environment import REPOSITORY, base_environment
from demo.errors import DemoError
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess, Pause

_READY_SECONDS = 60.0
_FEEDS = ("coinwire", "blockdaily", "chainnotes")


@dataclass(frozen=True)
class MarketState:
    """How far the market is: `waiting`, `running` or `ended`; its clock; trades published by symbol."""

    state: str
    time: datetime
    published: dict[str, int]


class Simulator:
    """`python -m simulator` with its log in `directory`/log."""

    def __init__(self, directory: Path, options: Sequence[str]) -> None:
        """Start it on a free port; time stands until `start_market`.

        Args:
            directory: folder of its own for logs.
            options: what it plays: `--start`, `--minutes`, `--speed`, `--tape`, ...
        """
        [port] = free_ports(1)
        self.url = f"http://{HOST}:{port}"
        self.published = directory / "log" / "published.csv"
        self.process = ChildProcess(
            "simulator",
            [
                sys.executable,
                "-m",
                "simulator",
                f"--port={port}",
                f"--log-dir={self.published.parent}",
                *options,
            ],
            log_folder=directory,
            directory=REPOSITORY,
            environment=base_environment(directory / "home"),
        )

    @property
    def websocket_url(self) -> str:
        """Address of its streams."""
        return self.url.replace("http", "ws", 1)

    @property
    def feeds(self) -> dict[str, str]:
        """Addresses of its news feeds by name."""
        return {name: f"{self.url}/feeds/{name}.xml" for name in _FEEDS}

    def wait_ready(self, pause: Pause) -> None:
        """Wait until it answers.

        Raises:
            ProcessFailed: it ended, or did not answer in time.
        """
        self.process.wait_ready(self._answers, _READY_SECONDS, pause)

    def start_market(self) -> None:
        """Let the market's time run."""
        self._request("POST", "/control/start")

    def market(self) -> MarketState:
        """Return how far the market is."""
        status = self._request("GET", "/control/status")
        time = datetime.fromtimestamp(status["event_time_us"] / 1e6, UTC)
        return MarketState(status["state"], time, status["published"])

    def last_trade_id(self, symbol: str) -> int | None:
        """Return the id of the last trade published; None while its log does not hold all of them."""
        count = self.market().published[symbol]
        with self.published.open(encoding="utf-8", newline="") as log:
            ids = [int(row["trade_id"]) for row in csv.DictReader(log) if row["symbol"] == symbol]
        return ids[-1] if ids and len(ids) == count else None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/control/status", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _request(self, method: str, path: str) -> dict[str, Any]:
        try:
            answer = httpx.request(method, f"{self.url}{path}", timeout=10, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise DemoError(f"simulator: {method} {path}: {error}; see {self.process.log}") from error
        content: dict[str, Any] = answer.json()
        return content

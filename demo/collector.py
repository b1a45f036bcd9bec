"""The collector: its own entry point in its own environment, told everything by variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from demo.environment import REPOSITORY, base_environment
from demo.errors import DemoError, ProcessFailed
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess, Pause
from demo.seaweed import S3Endpoint

_PYTHON = REPOSITORY / ".venv-collector" / "bin" / "python"
_READY_SECONDS = 60.0


class Collector:
    """`python -m collector` with its journal and its log in `directory`."""

    def __init__(
        self,
        directory: Path,
        *,
        endpoint: S3Endpoint,
        bucket: str,
        symbol: str,
        rest_url: str,
        websocket_url: str,
    ) -> None:
        """Start it; `wait_connected` says when it hears the exchange.

        Args:
            directory: folder of its own.
            endpoint: S3 server of the lake.
            bucket: its bucket, which exists.
            symbol: what to collect.
            rest_url: base URL of the exchange's REST interface.
            websocket_url: base URL of its streams.
        """
        if not _PYTHON.exists():
            raise DemoError(f"{_PYTHON} is missing: run `make install`")
        health, metrics = free_ports(2)
        self._symbol = symbol
        self._health_url = f"http://{HOST}:{health}/health"
        self.process = ChildProcess(
            "collector",
            [str(_PYTHON), "-m", "collector"],
            log_folder=directory,
            # Not the repository: a developer's own `.env` there would be read.
            directory=directory,
            stop_seconds=60.0,
            environment=base_environment(directory / "home")
            | endpoint.environment()
            | {
                "PYTHONPATH": str(REPOSITORY),
                "S3_BUCKET": bucket,
                "ASSET_SYMBOL": symbol,
                "TRADING_PAIR": symbol.lower(),
                "EXCHANGE_REST_URL": rest_url,
                "EXCHANGE_WS_URL": websocket_url,
                "SPOOL_DIR": str(directory / "spool"),
                "INSTANCE_ID": "demo",
                "HEALTH_PORT": str(health),
                "METRICS_PORT": str(metrics),
            },
        )

    def wait_connected(self, pause: Pause) -> None:
        """Wait until it is connected to the exchange.

        Raises:
            ProcessFailed: it ended, or was not connected in time.
        """
        self.process.wait_ready(lambda: bool(self._health()), _READY_SECONDS, pause)

    def last_trade_id(self) -> int | None:
        """Return the id of the last trade that it holds; None when there is none, or it is not connected."""
        symbols = self._health().get("symbols", {})
        last: int | None = symbols[self._symbol]["last_trade_id"] if symbols else None
        return last

    def drain(self) -> None:
        """End it by SIGTERM; it writes out what it holds.

        Raises:
            ProcessFailed: its exit code is not 0.
        """
        code = self.process.stop()
        if code:
            raise ProcessFailed(
                "collector", f"ended with exit code {code} after SIGTERM, not 0", self.process.log
            )

    def _health(self) -> dict[str, Any]:
        """Return what it says of itself; nothing unless it is connected."""
        try:
            answer = httpx.get(self._health_url, timeout=2, trust_env=False)
        except httpx.TransportError:
            return {}
        content: dict[str, Any] = answer.json() if answer.is_success else {}
        return content

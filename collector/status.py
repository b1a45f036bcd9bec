"""HTTP of the collector: ``/health`` and ``/stats`` for people, ``/metrics`` for Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from include.errors import SettingsError

Stats = dict[str, Any]


def serve_health(port: int, stats: Callable[[], Stats]) -> ThreadingHTTPServer:
    """Serve ``/health`` (200 while connected, else 503) and ``/stats`` on every interface, in a thread.

    Raises:
        SettingsError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held = stats()
            if self.path not in ("/health", "/stats"):
                self._answer(HTTPStatus.NOT_FOUND, {"error": f"{self.path} is not here: /health, /stats"})
            elif self.path == "/health" and held["status"] != "healthy":
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, held)
            else:
                self._answer(HTTPStatus.OK, held)

        def _answer(self, status: HTTPStatus, document: Stats) -> None:
            body = msgspec.json.encode(document)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: health checks come every few seconds."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        raise _taken("HEALTH_PORT", port, error) from None
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def serve_metrics(port: int, stats: Callable[[], Stats]) -> None:
    """Serve Prometheus metrics, read from the same numbers as ``/stats``.

    Raises:
        SettingsError: the port is taken.
    """
    REGISTRY.register(_Metrics(stats))
    try:
        start_http_server(port)
    except OSError as error:
        raise _taken("METRICS_PORT", port, error) from None


class _Metrics(Collector):
    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        held = self._stats()
        yield GaugeMetricFamily("ingestor_connections", "Open connections", value=held["connections"])
        yield CounterMetricFamily("ingestor_messages", "Frames received", value=held["messages"])
        yield CounterMetricFamily("ingestor_malformed_frames", "Frames refused", value=held["malformed"])
        for name, help_text, counter in _PER_SYMBOL:
            family = (CounterMetricFamily if counter else GaugeMetricFamily)(
                f"ingestor_{name}", help_text, labels=["symbol"]
            )
            for symbol, numbers in held["symbols"].items():
                family.add_metric([symbol], numbers[name])
            yield family


_PER_SYMBOL = (
    ("trades", "Trades passed on in order", True),
    ("duplicates", "Copies of trades that had come before", True),
    ("missing_trades", "Ids that no connection delivered", True),
    ("late_trades", "Trades that came after they had been given up", True),
    ("objects", "Objects written to S3", True),
    ("upload_failures", "Writes that had to be tried again", True),
    ("conflicts", "Objects that held another content", True),
    ("quarantined", "Damaged stretches of the journal", True),
    ("spool_bytes", "Size of the journal", False),
)


def _taken(name: str, port: int, error: OSError) -> SettingsError:
    return SettingsError(name, port, f"a free port ({error.strerror})")

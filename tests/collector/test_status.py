"""HTTP of the collector: what people and Prometheus are told."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from collector.status import _Metrics, serve_health, serve_metrics
from demo.ports import HOST, free_ports
from include.errors import SettingsError

NUMBERS = {
    "last_trade_id": 7,
    "trades": 6,
    "duplicates": 5,
    "missing_trades": 4,
    "late_trades": 3,
    "objects": 2,
    "uploaded_trades": 6,
    "upload_failures": 1,
    "conflicts": 0,
    "quarantined": 0,
    "spool_bytes": 100,
}
STATS = {
    "status": "healthy",
    "connections": 2,
    "reading": True,
    "messages": 12,
    "malformed": 1,
    "symbols": {"BTCUSDT": NUMBERS},
}


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, Any]]]:
    """The server's address, and the numbers that it tells, which a test may change."""
    [port] = free_ports(1)
    stats = dict(STATS)
    server = serve_health(port, lambda: stats)
    try:
        yield f"http://{HOST}:{port}", stats
    finally:
        server.shutdown()
        server.server_close()


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def test_health_while_connected(served: tuple[str, dict[str, Any]]):
    url, stats = served
    for path in ("/health", "/stats"):
        answer = get(url + path)
        assert (answer.status_code, answer.json()) == (200, stats)
        assert answer.headers["Content-Type"] == "application/json"


def test_health_without_a_connection(served: tuple[str, dict[str, Any]]):
    url, stats = served
    stats |= {"status": "connecting", "connections": 0}
    assert get(f"{url}/health").status_code == 503
    assert get(f"{url}/health").json() == stats
    assert get(f"{url}/stats").status_code == 200


def test_another_path(served: tuple[str, dict[str, Any]]):
    answer = get(f"{served[0]}/metrics")
    assert (answer.status_code, answer.json()) == (404, {"error": "/metrics is not here: /health, /stats"})


def test_metrics_are_the_same_numbers():
    registry = CollectorRegistry()
    registry.register(_Metrics(lambda: STATS))
    lines = set(generate_latest(registry).decode().splitlines())
    assert {
        "ingestor_connections 2.0",
        "ingestor_messages_total 12.0",
        "ingestor_malformed_frames_total 1.0",
        'ingestor_trades_total{symbol="BTCUSDT"} 6.0',
        'ingestor_missing_trades_total{symbol="BTCUSDT"} 4.0',
        'ingestor_spool_bytes{symbol="BTCUSDT"} 100.0',
    } <= lines


@pytest.mark.parametrize(("serve", "name"), [(serve_health, "HEALTH_PORT"), (serve_metrics, "METRICS_PORT")])
def test_a_port_that_is_in_use(serve, name):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"^{name}={port} is not allowed: a free port \(Address already"
        ):
            serve(port, lambda: STATS)

"""What a person can get wrong: one clear line, an exit code, no secret, nothing lost."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.journal import Journal
from demo.ports import HOST, free_ports
from tests.collector.running import Collector, Lake, environment, exchange, run_collector, wait_until
from tests.conftest import Bucket
from tests.include.lake.made import trades

pytestmark = pytest.mark.integration

SECRET = "wJalrXUtnFEMIfake/secret"


@pytest.fixture
def told(tmp_path: Path, bucket: Bucket) -> dict[str, str]:
    """The variables of a collector that would work, but for an exchange that is away."""
    [nowhere] = free_ports(1)
    return environment(tmp_path, bucket, f"http://{HOST}:{nowhere}")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("", 0)) as listener:
        yield listener.getsockname()[1]


def refusal(told: dict[str, str], folder: Path, **changes: object) -> str:
    """The line on standard error."""
    ended = run_collector(told | {name: str(value) for name, value in changes.items()}, folder)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert SECRET not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if " INFO " not in line and " WARNING " not in line]
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("collector: ")
    return lines[0].removeprefix("collector: ")


def test_an_unknown_format(told: dict[str, str], tmp_path: Path):
    line = refusal(told, tmp_path, FILE_FORMAT="avro")
    assert line == "FILE_FORMAT='avro' is not allowed: Input should be 'parquet', 'csv' or 'jsonl'"


def test_two_symbols_with_a_literal_prefix(told: dict[str, str], tmp_path: Path):
    line = refusal(told, tmp_path, ASSET_SYMBOL="BTCUSDT,ETHUSDT", S3_PREFIX="Binance/BTCUSDT/")
    assert line == (
        "S3_PREFIX='Binance/BTCUSDT/' is not allowed: must hold {symbol} when there are several symbols"
    )


def test_a_broken_profile(told: dict[str, str], tmp_path: Path):
    profile = tmp_path / "profile.yaml"
    profile.write_text(f"key: {SECRET}\n  bucket: {{\n")
    line = refusal(told, tmp_path, CONFIG_FILE=profile)
    assert line.startswith(f"CONFIG_FILE='{profile}' is not allowed: YAML (line 2: ")


def test_an_s3_server_that_cannot_be_reached(told: dict[str, str], tmp_path: Path):
    [port] = free_ports(1)
    line = refusal(told, tmp_path, AWS_ENDPOINT_URL_S3=f"http://{HOST}:{port}")
    assert f"{HOST}:{port}" in line


def test_an_endpoint_that_is_no_url(told: dict[str, str], tmp_path: Path):
    line = refusal(told, tmp_path, AWS_ENDPOINT_URL_S3="s3.local")
    assert line.startswith("AWS_ENDPOINT_URL_S3='s3.local' is not allowed: ")


def test_a_wrong_secret(told: dict[str, str], tmp_path: Path):
    line = refusal(told, tmp_path, AWS_SECRET_ACCESS_KEY=SECRET)
    assert line.endswith("check the key, the secret and the permissions")


def test_no_credentials(told: dict[str, str], tmp_path: Path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del told[name]
    line = refusal(told, tmp_path, AWS_EC2_METADATA_DISABLED="true")
    assert line.startswith("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")


def test_a_missing_bucket(told: dict[str, str], tmp_path: Path):
    line = refusal(told, tmp_path, S3_BUCKET="no-such-bucket")
    assert line == "s3://no-such-bucket/: the bucket does not exist: create it, or correct S3_BUCKET"


@pytest.mark.parametrize("name", ["HEALTH_PORT", "METRICS_PORT"])
def test_a_port_that_is_in_use(told: dict[str, str], tmp_path: Path, taken: int, name: str):
    line = refusal(told, tmp_path, **{name: taken})
    assert line == f"{name}={taken} is not allowed: a free port (Address already in use)"


def test_a_spool_that_is_no_folder(told: dict[str, str], tmp_path: Path):
    (tmp_path / "file").touch()
    line = refusal(told, tmp_path, SPOOL_DIR=tmp_path / "file")
    assert (
        line == f"SPOOL_DIR='{tmp_path}/file' is not allowed: a folder that can be written (Not a directory)"
    )


def test_a_spool_that_another_collector_uses(told: dict[str, str], tmp_path: Path):
    folder = tmp_path / "spool" / "Binance" / "BTCUSDT"
    other = Journal(folder, "BTCUSDT")
    try:
        assert f"{folder} is in use by another collector" in refusal(told, tmp_path)
    finally:
        other.close()


def test_a_refused_start_loses_nothing_of_the_journal(told: dict[str, str], tmp_path: Path, bucket: Bucket):
    """A wrong secret, then the right one: what an earlier session held reaches S3, without an exchange."""
    journal = Journal(tmp_path / "spool" / "Binance" / "BTCUSDT", "BTCUSDT")
    journal.append(trades(1, 50))
    journal.close()
    refusal(told, tmp_path, AWS_SECRET_ACCESS_KEY=SECRET)
    assert bucket.keys() == []
    held = Collector(tmp_path, told)
    held.start()
    try:
        wait_until(lambda: bool(held.symbol()["last_trade_id"]), "the start")
    finally:
        assert held.process.stop() == 0
    assert Lake(bucket).ids == list(range(1, 51))


def test_a_symbol_that_the_exchange_does_not_know(told: dict[str, str], tmp_path: Path):
    with exchange(tmp_path / "exchange") as simulated:
        line = refusal(told, tmp_path, ASSET_SYMBOL="NOSUCHCOIN", EXCHANGE_REST_URL=simulated.url)
    assert line == "ASSET_SYMBOL='NOSUCHCOIN' is not allowed: a symbol of the exchange"

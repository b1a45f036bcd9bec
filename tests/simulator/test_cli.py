"""The program itself, as a process."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.cli import parse
from tests.simulator.running import published_rows

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "simulator", *arguments]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def refusal(*arguments: str) -> str:
    with process(*arguments) as refused:
        output, error = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert output == ""
    return error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_port_runs_and_ends_on_a_signal_with_a_complete_log(tmp_path, number):
    with process(
        "--port", "0", "--log-dir", str(tmp_path / "log"), "--minutes", "3", "--speed", "2000"
    ) as running:
        port = json.loads(running.stdout.readline())["port"]
        state = "running"
        while state != "ended":
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/status") as response:
                status = json.load(response)
                state = status["state"]
        running.send_signal(number)
        assert running.communicate(timeout=60) == ("", "")
        assert running.returncode == 0
    assert len(published_rows(tmp_path / "log")) == status["published"]["BTCUSDT"] > 0


def test_a_port_in_use_is_refused_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = refusal("--port", str(port), "--log-dir", str(tmp_path / "log"))
    assert error.startswith(f"simulator: --port {port}: cannot listen: Address already in use")
    assert error.count("\n") == 1
    assert not (tmp_path / "log").exists()


def test_the_log_of_another_run_is_refused(tmp_path):
    (tmp_path / "published.csv").touch()
    error = refusal("--port", "0", "--log-dir", str(tmp_path))
    assert error == (
        f"simulator: --log-dir {tmp_path}: published.csv of another run is there; "
        "a log belongs to one run, name an empty directory\n"
    )


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--port", "70000", "'70000' is no port; 0 to 65535 are allowed"),
        ("--symbols", "btcusdt", "'btcusdt': symbols are upper case letters and digits, comma separated"),
        ("--symbols", "BTCUSDT,BTCUSDT", "'BTCUSDT,BTCUSDT' names a symbol twice"),
        ("--start", "2026-11-20T05:00:30Z", "must be a whole minute with a zone"),
        ("--start", "2026-11-20T05:00:00", "must be a whole minute with a zone"),
        ("--start", "yesterday", "'yesterday' is no ISO 8601 time"),
        ("--minutes", "-1", "must be a whole number of minutes, 0 or more"),
        ("--speed", "0", "'0' must be above 0"),
        ("--speed", "nan", "'nan' must be above 0"),
        ("--trades-per-second", "many", "'many' is no number"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(capsys, option, value, reason):
    with pytest.raises(SystemExit) as ended:
        parse(["--port", "1", "--log-dir", "x", option, value])
    assert ended.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {option}: " in error
    assert reason in error


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    options = (
        "port log-dir host symbols seed start minutes lead-minutes tail-minutes speed trades-per-second tape"
    )
    for option in [*options.split(), "wait-for-start", "cryptopanic-token"]:
        assert f"--{option}" in text

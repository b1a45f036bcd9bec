"""Wrong arguments and a stack that is or is not up: one clear line each, and nothing is started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from demo import background
from demo.__main__ import main


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAPE", "SPEED", "SYMBOL", "FEED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state file of the background, in a place of the test's own."""
    for name in ("_STATE", "_LOCK", "_LOG", "_ENVIRONMENT"):
        monkeypatch.setattr(background, name, tmp_path / name)
    monkeypatch.setattr(background, "_FOLDER", tmp_path)
    return tmp_path / "_STATE"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line on stderr of a command that is refused."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "inf", "nan"])
def test_speed_that_is_no_speed(capsys, speed):
    assert f"SPEED={speed}: a number above 0 is allowed" in refused(capsys, "run", f"--speed={speed}")


def test_symbol_that_is_no_symbol(capsys):
    assert "SYMBOL=btc/usdt: upper case letters and digits" in refused(capsys, "run", "--symbol=btc/usdt")


def test_tape_that_is_not_there(capsys, monkeypatch):
    monkeypatch.setenv("TAPE", "absent.gz")
    assert "TAPE: not a file: absent.gz" in refused(capsys, "run")


def test_tape_that_is_a_folder(capsys, tmp_path):
    assert f"TAPE: not a file: {tmp_path}" in refused(capsys, "run", f"--tape={tmp_path}")


def test_tape_that_is_no_tape(capsys, tmp_path):
    tape = tmp_path / "tape.gz"
    tape.write_text("not gzip")
    assert main(["run", f"--tape={tape}"]) == 1
    assert f"demo: TAPE={tape}: not gzip lines" in capsys.readouterr().err


def test_unknown_feed(capsys):
    assert "invalid choice: 'kraken'" in refused(capsys, "up", "--feed=kraken")


def test_down_when_nothing_is_up(capsys, state):
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "nothing is up\n"


def test_state_of_a_process_that_has_gone(capsys, state):
    """The id belongs to another process by now, which must be left alone."""
    state.write_text(json.dumps({"pid": os.getpid(), "created": 1.0, "summary": "old"}))
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "nothing is up\n"


@pytest.mark.parametrize("content", ['{"pid": 1', "[]", "{}", '{"pid": "x", "created": 1}', "\x00"])
def test_state_that_cannot_be_read(capsys, state, content):
    state.write_text(content)
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "nothing is up\n"


def test_clock_that_was_set_while_the_stack_is_up(capsys, state):
    process = psutil.Process()
    state.write_text(json.dumps({"pid": process.pid, "created": process.create_time() + 1.5}))
    assert main(["up"]) == 1
    assert f"the stack is up already (process {process.pid})" in capsys.readouterr().err


def test_up_twice(capsys, state):
    process = psutil.Process()
    content = {"pid": process.pid, "created": process.create_time(), "summary": "Airflow  http://..."}
    state.write_text(json.dumps(content))
    assert main(["up"]) == 1
    assert f"the stack is up already (process {process.pid})" in capsys.readouterr().err


def test_binance_that_cannot_be_reached(capsys, state, monkeypatch):
    monkeypatch.setattr(background, "_REST_URL", "http://127.0.0.1:1")
    assert main(["up", "--feed=binance"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("demo: FEED=binance: http://127.0.0.1:1 cannot be reached")
    assert error.count("\n") == 1

"""`python -m demo run` as a user runs it: the proof holds, and nothing is left, however it ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.demo.tapes import MIDNIGHT, write_tape

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]


class Demo:
    """A running demo, and what it printed so far."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo", "run", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self.folder = Path(self.read_until("lies in ").split("lies in ")[1].strip())

    def read_until(self, text: str) -> str:
        """Read up to the line with `text`; return that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return line
        raise AssertionError(f"ended without {text!r}:\n{self.output}")

    def wait(self) -> int:
        """Read the rest, return the exit code."""
        self.output += self.process.communicate()[0]
        return self.process.returncode

    def processes(self) -> list[psutil.Process]:
        """The processes of its stack: their home is in its folder."""
        running = psutil.process_iter(["environ"])
        return [p for p in running if (p.info["environ"] or {}).get("HOME", "").startswith(str(self.folder))]


@pytest.fixture
def start() -> Iterator[Callable[..., Demo]]:
    """Start a demo. At the end it has ended, none of its processes is left, and its folder goes."""
    demos: list[Demo] = []

    def start(*arguments: str) -> Demo:
        demos.append(Demo(*arguments))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.wait()
        assert demo.processes() == []
        shutil.rmtree(demo.folder)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Two minutes of trades, the first before midnight."""
    seconds = [timedelta(seconds=second) for second in range(-60, 60)]
    return write_tape(tmp_path / "tape.gz", [MIDNIGHT + second for second in seconds])


def test_recording_is_proved(start, tape):
    demo = start(f"--tape={tape}", "--speed=60")
    assert demo.wait() == 0, demo.output
    assert "The proof holds." in demo.output
    assert "2026-03-01 00:00  degraded" in demo.output
    assert "degraded is what is expected" in demo.output
    assert "example_downstream_sensor waits for _READY.json" in demo.output
    assert f"the lake's data lie in {demo.folder / 'seaweed'}" in demo.output
    assert "trades_hour_ready          scheduled        success  2026-02-28T23:00:00" in demo.output


def test_interrupt_in_the_middle(start):
    demo = start()
    demo.read_until("S3 server")
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait() == 130, demo.output
    assert demo.output.endswith("demo: stopped on request; nothing is left running\n")


def test_collector_that_dies(start, tape):
    demo = start(f"--tape={tape}", "--speed=1")
    demo.read_until("connected")
    [collector] = [process for process in demo.processes() if "collector" in process.cmdline()]
    collector.kill()
    assert demo.wait() == 1, demo.output
    assert "demo: collector ended with exit code -9" in demo.output
    assert str(demo.folder / "collector" / "collector.log") in demo.output

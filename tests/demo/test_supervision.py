"""Nothing survives the launcher: trees that ignore signals, daemons, interruptions at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).parents[2]

# A child that ignores every polite signal, with a grandchild in a session of its own (a daemon, whose parent
# has gone). Both carry the marker in their command line.
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    os._exit(0)
os.wait()
open(sys.argv[2], "w").close()
time.sleep(600)
"""

LAUNCHER = """
import os, sys
from pathlib import Path
from demo.errors import DemoError
from demo.processes import ChildProcess
from demo.supervision import Supervisor

folder, marker, stubborn, what = Path(sys.argv[1]), *sys.argv[2:5]
try:
    with Supervisor() as supervisor:
        child = ChildProcess(
            "stubborn", [sys.executable, "-c", stubborn, marker, str(folder / "started")],
            log_folder=folder, environment=os.environ, stop_seconds=0.3,
        )
        supervisor.watch(child)
        child.wait_ready((folder / "started").exists, 30, supervisor.pause)
        (folder / "ready").touch()
        if what == "success":
            sys.exit(0)
        if what == "failure":
            raise DemoError("as asked")
        supervisor.pause(600)
except DemoError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a launcher with a stubborn tree; at the end nothing of it may be there."""
    marker = f"marker-{uuid.uuid4()}"
    launchers: list[subprocess.Popen[str]] = []

    def start(what: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", LAUNCHER, str(tmp_path), marker, STUBBORN, what]
        launcher = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
        launchers.append(launcher)
        return launcher

    yield start
    for launcher in launchers:
        launcher.wait(60)
        launcher.communicate()
    left = marked(marker)
    for process in left:
        process.kill()
    assert left == []


def marked(marker: str) -> list[psutil.Process]:
    return [
        process for process in psutil.process_iter(["cmdline"]) if marker in (process.info["cmdline"] or [])
    ]


def wait_for(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.02)


def test_success_leaves_nothing(launch):
    assert launch("success").wait(60) == 0


def test_failure_leaves_nothing_and_tells_why(launch):
    _, stderr = launch("failure").communicate(timeout=60)
    assert "DemoError: as asked" in stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_signal_leaves_nothing(launch, tmp_path, number):
    launcher = launch("wait")
    wait_for((tmp_path / "ready").exists)
    launcher.send_signal(number)
    _, stderr = launcher.communicate(timeout=60)
    assert "Interrupted: stopped on request" in stderr


def test_signal_while_starting_leaves_nothing(launch, tmp_path):
    launcher = launch("wait")
    wait_for((tmp_path / "stubborn.log").exists)
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(60) == 1


def test_further_signals_do_not_break_the_clean_up(launch, tmp_path):
    launcher = launch("wait")
    wait_for((tmp_path / "ready").exists)
    for _ in range(20):
        launcher.send_signal(signal.SIGINT)
        time.sleep(0.01)
    assert launcher.wait(60) == 1


def test_child_that_ends_is_named_with_its_log(tmp_path):
    code = """
import os, sys
from pathlib import Path
from demo.errors import ProcessFailed
from demo.processes import ChildProcess
from demo.supervision import Supervisor
try:
    with Supervisor() as supervisor:
        failing = [sys.executable, "-c", "print('cannot open the spool'); raise SystemExit(3)"]
        supervisor.watch(ChildProcess("brief", failing, log_folder=Path(sys.argv[1]), environment=os.environ))
        while True:
            supervisor.pause(0.05)
except ProcessFailed as error:
    sys.exit(str(error))
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "brief ended with exit code 3" in ended.stderr
    assert str(tmp_path / "brief.log") in ended.stderr
    assert "cannot open the spool" in ended.stderr


def test_killed_launcher_takes_its_children_with_it(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from demo.processes import ChildProcess
child = ChildProcess("sleeper", ["sleep", "600"], log_folder=Path(sys.argv[1]), environment=os.environ)
child.wait_ready(lambda: Path(f"/proc/{child.pid}/comm").read_text().strip() == "sleep", 30)
print(child.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout is not None
        sleeper = psutil.Process(int(launcher.stdout.readline()))
        os.kill(launcher.pid, signal.SIGKILL)
        sleeper.wait(30)

"""One child process: its log, its readiness and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from demo.errors import ProcessFailed

_WRAPPER = Path(__file__).with_name("bound_to_parent.py")
_POLL_SECONDS = 0.1

Pause = Callable[[float], None]
"""Sleeps for some seconds; a launcher gives one that raises when its user asked it to stop."""


class ChildProcess:
    """A server of the stack, in a session of its own, with stdout and stderr in `<log folder>/<name>.log`.

    A session of its own keeps the terminal's Ctrl-C from it: the launcher alone decides how and in which
    order its children end. The kernel delivers `stop_signal` should the launcher itself be killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_folder: Path,
        environment: Mapping[str, str],
        directory: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 15.0,
    ) -> None:
        """Start `command` with exactly `environment`.

        Raises:
            ProcessFailed: the command cannot be executed.
        """
        self.name = name
        self.log = log_folder / f"{name}.log"
        self._stop_signal = stop_signal
        self._stop_seconds = stop_seconds
        log_folder.mkdir(parents=True, exist_ok=True)
        bound = [sys.executable, "-I", str(_WRAPPER), str(os.getpid()), str(int(stop_signal)), *command]
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    bound,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=directory,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessFailed(name, f"cannot be started: {error}", self.log) from error

    @property
    def pid(self) -> int:
        """Process id of the command."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, or None while it runs; negative: ended by that signal."""
        return self._process.poll()

    def ensure_running(self) -> None:
        """Raise ProcessFailed when the process has ended."""
        if self.exit_code is not None:
            raise ProcessFailed(self.name, f"ended with exit code {self.exit_code}", self.log)

    def wait_ready(self, is_ready: Callable[[], bool], seconds: float, pause: Pause = time.sleep) -> None:
        """Wait until `is_ready()` holds.

        Raises:
            ProcessFailed: the process ended first, or `seconds` have passed.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.ensure_running()
            if time.monotonic() > deadline:
                raise ProcessFailed(self.name, f"was not ready after {seconds:.0f} s", self.log)
            pause(_POLL_SECONDS)

    def stop(self) -> int:
        """Ask the process to end, kill it when it has not after its time; return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
        try:
            return self._process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

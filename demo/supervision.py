"""Nothing that the launcher starts outlives it: on success, on failure, on Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self

import psutil

from demo.errors import DemoError, Interrupted
from demo.processes import ChildProcess

_PR_SET_CHILD_SUBREAPER = 36
_STOP_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KILL_SECONDS = 10.0


class Supervisor:
    """The launcher's view of its children, as a context manager. Linux only, main thread only.

    A request to stop is noted by the signal handler and honoured at the next `pause`: it cannot strike
    between the start of a process and its registration, nor in the middle of the clean-up.

    The launcher becomes a child subreaper: descendants whose parents died are handed to it, not to init, so
    that at the end every process that anything here ever started can be found and ended.
    """

    def __init__(self) -> None:
        self._children: list[ChildProcess] = []
        self._stop_requested = threading.Event()

    def __enter__(self) -> Self:
        if sys.platform != "linux":
            raise DemoError(
                f"the demo runs on Linux only (it must find orphaned processes), not {sys.platform}"
            )
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in _STOP_REQUESTS:
            signal.signal(number, self._note_request)
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the children, the youngest first, and end whatever is left of their descendants.

        Raises:
            DemoError: a process could not be ended.
        """
        for child in reversed(self._children):
            child.stop()
        survivors = _end_descendants()
        if survivors:
            raise DemoError(f"these processes could not be ended: {', '.join(survivors)}") from error

    def watch(self, child: ChildProcess) -> None:
        """From now on `pause` fails when `child` ends, and the end of the block stops it."""
        self._children.append(child)

    def release(self, child: ChildProcess) -> None:
        """Expect `child` to end: its caller stops it."""
        self._children.remove(child)

    def pause(self, seconds: float) -> None:
        """Sleep while everything is well.

        Raises:
            Interrupted: the user asked to stop.
            ProcessFailed: a watched child has ended.
        """
        if self._stop_requested.wait(seconds):
            raise Interrupted("stopped on request")
        for child in self._children:
            child.ensure_running()

    def run(self, child: ChildProcess) -> int:
        """Wait for a child that ends by itself; return its exit code.

        Raises:
            Interrupted: the user asked to stop.
            ProcessFailed: another child has ended.
        """
        try:
            while child.exit_code is None:
                self.pause(0.1)
        finally:
            code = child.stop()
        return code

    def _note_request(self, _signal_number: int, _frame: FrameType | None) -> None:
        if not self._stop_requested.is_set():
            self._stop_requested.set()
            os.write(sys.stderr.fileno(), b"\nstopping...\n")


def _end_descendants() -> list[str]:
    """Kill every descendant, repeatedly, since they may be starting others; return those still there."""
    launcher, deadline = psutil.Process(), time.monotonic() + _KILL_SECONDS
    while descendants := launcher.children(recursive=True):
        if time.monotonic() > deadline:
            return [str(process) for process in descendants]
        for process in descendants:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        _reap()
        time.sleep(0.02)
    return []


def _reap() -> None:
    """Take ended children, adopted ones included, off the process table."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            continue
    except ChildProcessError:
        return

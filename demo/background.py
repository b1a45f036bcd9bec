"""The stack in the background: `up` starts it and returns, `down` ends it.

One process, `python -m demo serve`, supervises the stack and tells of itself in `.run/up/state.json`. A state
file that a crash left behind never passes for a running stack: it names the process by id and time of start.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from rich.console import Console

from demo.airflow import LOGIN, PASSWORD, Airflow
from demo.console import Reporter
from demo.environment import REPOSITORY
from demo.errors import DemoError
from demo.plan import HOUR, live_market, start_of_hour
from demo.run import run_folder, start_simulator
from demo.seaweed import S3Endpoint
from demo.simulator import Simulator
from demo.stack import BUCKET, Source, Stack, write_environment
from demo.supervision import Supervisor

FEEDS = ("simulator", "binance")

_REST_URL = "https://api.binance.com"
_WEBSOCKET_URL = "wss://stream.binance.com:443"

_FOLDER = REPOSITORY / ".run" / "up"
_STATE = _FOLDER / "state.json"
_LOCK = _FOLDER / "lock"
_LOG = _FOLDER / "up.log"
_ENVIRONMENT = _FOLDER / "environment.sh"

_POLL_SECONDS = 0.2
_DOWN_SECONDS = 120.0
_CLOCK_STEP_SECONDS = 2.0
"""How far the time at which a process started may move: the kernel derives it from the clock of the day."""


@dataclass(frozen=True)
class State:
    """What the background process tells of itself.

    Attributes:
        pid: its id.
        created: its time of start, seconds since 1970: ids are used again, these pairs are not.
        summary: addresses for the user; empty until everything is ready.
    """

    pid: int
    created: float
    summary: str = ""

    @property
    def is_true(self) -> bool:
        """Tell whether that process still runs."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created) <= _CLOCK_STEP_SECONDS
        except psutil.NoSuchProcess:
            return False


def up(feed: str, symbol: str) -> None:
    """Start the stack in the background and wait until it is ready.

    Raises:
        DemoError: it is up already, Binance cannot be reached, or a part did not start.
    """
    _FOLDER.mkdir(parents=True, exist_ok=True)
    if state := _running():
        raise DemoError(
            f"the stack is up already (process {state.pid}); `make down` ends it\n{state.summary}"
        )
    if feed == "binance":
        _ensure_binance_answers()
    command = [sys.executable, "-m", "demo", "serve", "--feed", feed, "--symbol", symbol]
    with _LOG.open("w") as log:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        print(_wait_until_ready(server))
    except BaseException:
        server.terminate()
        server.wait()
        raise


def down() -> str:
    """End the stack of the background; return what was done.

    Raises:
        DemoError: it did not end in time.
    """
    state = _running()
    if state is None:
        return "nothing is up"
    server = psutil.Process(state.pid)
    server.terminate()
    try:
        server.wait(_DOWN_SECONDS)
    except psutil.TimeoutExpired:
        raise DemoError(
            f"process {state.pid} has not ended after {_DOWN_SECONDS:.0f} s, see {_LOG}"
        ) from None
    return "everything stopped"


def serve(feed: str, symbol: str) -> None:
    """Run the stack until SIGTERM; the body of the background process.

    Raises:
        DemoError: it is up already, or a part did not start or ended.
    """
    with _only_one():
        try:
            _serve(feed, symbol)
        finally:
            _ENVIRONMENT.unlink(missing_ok=True)
            _STATE.unlink(missing_ok=True)


def _serve(feed: str, symbol: str) -> None:
    with Supervisor() as supervisor:
        state = State(os.getpid(), psutil.Process().create_time())
        _write(state)
        folder = run_folder("up")
        reporter = Reporter(Console())
        now = datetime.now(UTC)
        simulator = None
        if feed == "simulator":
            simulator = start_simulator(folder, live_market(symbol, now), supervisor, reporter)
        source = _source(symbol, start_of_hour(now) - HOUR, simulator)
        stack = Stack(folder, source, supervisor, reporter)
        stack.start_collector()
        if simulator:
            simulator.start_market()
        airflow = stack.start_airflow()
        write_environment(_ENVIRONMENT, stack.endpoint, airflow)
        _write(replace(state, summary=_summary(stack.endpoint, airflow, folder, source)))
        while True:
            supervisor.pause(1.0)


def _source(symbol: str, first_hour: datetime, simulator: Simulator | None) -> Source:
    if simulator is None:
        return Source(symbol, first_hour, None, _REST_URL, _WEBSOCKET_URL, feeds=None)
    return Source(symbol, first_hour, None, simulator.url, simulator.websocket_url, simulator.feeds)


def _summary(endpoint: S3Endpoint, airflow: Airflow, folder: Path, source: Source) -> str:
    return "\n".join(
        [
            f"Airflow      {airflow.url}  login {LOGIN}, password {PASSWORD}",
            f"S3 server    {endpoint.url}  bucket {BUCKET}",
            f"keys         in {_ENVIRONMENT}; for your shell: . {_ENVIRONMENT.relative_to(REPOSITORY)}",
            f"logs, data   {folder}",
            f"first hour   {source.first_hour:%Y-%m-%dT%H:00:00}",
            "make down    ends it",
        ]
    )


def _ensure_binance_answers() -> None:
    try:
        httpx.get(f"{_REST_URL}/api/v3/ping", timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise DemoError(
            f"FEED=binance: {_REST_URL} cannot be reached ({error or type(error).__name__}); "
            "check the network, or use FEED=simulator"
        ) from error


def _wait_until_ready(server: subprocess.Popen[bytes]) -> str:
    """Show the server's log until it is ready; return its summary."""
    with _LOG.open(encoding="utf-8") as log:
        while True:
            ended = server.poll() is not None
            print(log.read(), end="", flush=True)
            if ended:
                raise DemoError("the stack did not start; nothing is left running")
            state = _running()
            if state and state.pid == server.pid and state.summary:
                return state.summary
            time.sleep(_POLL_SECONDS)


@contextmanager
def _only_one() -> Iterator[None]:
    """Keep a second background process away; the kernel ends the lock with its process."""
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("the stack is up already; `make down` ends it") from None
        yield


def _write(state: State) -> None:
    new = _STATE.with_suffix(".new")
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(_STATE)


def _running() -> State | None:
    """Return the state of the stack that is up; None when none is, or when the file is not a state."""
    try:
        state = State(**json.loads(_STATE.read_text(encoding="utf-8")))
        return state if state.is_true else None
    except (FileNotFoundError, ValueError, TypeError):
        return None

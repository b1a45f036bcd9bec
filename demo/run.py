"""One run of the demo: play a market into the lake, let the DAGs work, prove what the lake holds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from demo.airflow import Airflow
from demo.airflow_api import DagRun
from demo.collector import Collector
from demo.console import Reporter
from demo.dag_runs import Expected, raise_on_failure, runs_table, wait_for_runs
from demo.environment import REPOSITORY, base_environment
from demo.errors import DemoError
from demo.plan import HOUR, Past
from demo.processes import ChildProcess
from demo.simulator import Simulator
from demo.stack import BUCKET, Source, Stack
from demo.supervision import Supervisor

DATA_SOURCE = "Binance"
TRIGGERED = ("lake_heartbeat", "news_rss")
"""DAGs that the demo runs once by hand; all others run by schedule, by asset or by sensor."""

_COLLECTED_SECONDS = 60.0
_RUNS_SECONDS = 300.0

_WAITING = (
    "example_downstream_sensor waits for _READY.json, which a degraded hour never gets: it stays `running`"
)


def run(past: Past, console: Console) -> int:
    """Play `past`; return 0 when the proof holds, 1 when it does not.

    Raises:
        DemoError: something could not be done, or the user asked to stop.
    """
    folder = run_folder("demo")
    reporter = Reporter(console)
    reporter.step(f"everything of this run lies in {folder}")
    with Supervisor() as supervisor:
        demo = _Demo(past, folder, supervisor, reporter)
        runs = demo.play()
        code = demo.prove()
        console.print(Text("\nDAG runs", style="bold"), runs_table(runs))
        if past.is_recording:
            console.print(Text(_WAITING, style="dim"), soft_wrap=True)
    data = folder / "seaweed"
    reporter.step(f"everything stopped; the lake's data lie in {data} (`make up` keeps a stack running)")
    return code


def run_folder(name: str) -> Path:
    """Make the folder of a new run: `.run/<name>-<UTC time>`."""
    folder = REPOSITORY / ".run" / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    return folder


def start_simulator(
    folder: Path, options: Sequence[str], supervisor: Supervisor, reporter: Reporter
) -> Simulator:
    """Start the simulator in the folder of a run and wait until it answers."""
    simulator = Simulator(folder / "simulator", options)
    supervisor.watch(simulator.process)
    simulator.wait_ready(supervisor.pause)
    reporter.step(f"simulator    {simulator.url}")
    return simulator


class _Demo:
    """The steps of a run, with the stack that they need."""

    def __init__(self, past: Past, folder: Path, supervisor: Supervisor, reporter: Reporter) -> None:
        self._past = past
        self._folder = folder
        self._supervisor = supervisor
        self._reporter = reporter
        self._pause = supervisor.pause
        self._simulator = start_simulator(folder, past.simulator, supervisor, reporter)
        source = Source(
            symbol=past.symbol,
            first_hour=past.span.first_hour,
            last_hour=past.span.last_hour,
            rest_url=self._simulator.url,
            websocket_url=self._simulator.websocket_url,
            feeds=self._simulator.feeds,
        )
        self._stack = Stack(folder, source, supervisor, reporter)

    def play(self) -> list[DagRun]:
        """Play the market to its end and wait for the DAGs; return their runs.

        The hours of a recording are older than the deadline of the DAGs, which judge them at once by what is
        there: then Airflow comes later, as a scheduler that was down.
        """
        airflow = None if self._past.is_recording else self._stack.start_airflow()
        collector = self._stack.start_collector()
        self._simulator.start_market()
        if airflow:
            self._trigger_dags(airflow)
        self._wait_for_market(airflow)
        self._stop(collector)
        if airflow is None:
            airflow = self._stack.start_airflow()
            self._trigger_dags(airflow)
        with self._reporter.bar("DAG runs") as bar:
            runs = wait_for_runs(airflow, self._expected_runs(), _RUNS_SECONDS, bar, self._pause)
        self._reporter.step("all expected DAG runs have succeeded")
        return runs

    def prove(self) -> int:
        """Run the proof as a program of its own, show what it prints, return its exit code."""
        span, endpoint = self._past.span, self._stack.endpoint
        arguments = {
            "endpoint": endpoint.url,
            "bucket": BUCKET,
            "data-source": DATA_SOURCE,
            "symbol": self._past.symbol,
            "published": self._simulator.published,
            "from": span.first_hour.isoformat(),
            "to": (span.last_hour + HOUR).isoformat(),
            "exchange-url": self._simulator.url,
            "expect": self._past.expect,
        }
        options = [f"--{name}={value}" for name, value in arguments.items()]
        width = {"COLUMNS": str(self._reporter.console.width)}
        colour = {"FORCE_COLOR": "1"} if self._reporter.console.is_terminal else {}
        proof = ChildProcess(
            "proof",
            [sys.executable, "-m", "demo.proof", "--news", *options],
            log_folder=self._folder,
            directory=REPOSITORY,
            environment=base_environment(self._folder / "home") | endpoint.environment() | width | colour,
        )
        code = self._supervisor.run(proof)
        sys.stdout.write(proof.log.read_text(encoding="utf-8"))
        sys.stdout.flush()
        if code not in (0, 1):
            raise DemoError(f"the proof could not be made (exit code {code}), see {proof.log}")
        return code

    def _trigger_dags(self, airflow: Airflow) -> None:
        for dag_id in TRIGGERED:
            airflow.api.trigger(dag_id, run_id=f"demo__{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        self._reporter.step(f"triggered    {', '.join(TRIGGERED)}")

    def _wait_for_market(self, airflow: Airflow | None) -> None:
        symbol, span = self._past.symbol, self._past.span
        with self._reporter.bar("market") as bar:
            while (market := self._simulator.market()).state != "ended":
                trades = f"{market.published[symbol]:,} trades"
                bar.show(span.fraction(market.time), f"{market.time:%H:%M:%S}  {trades}")
                if airflow:
                    raise_on_failure(airflow, airflow.api.dag_runs())
                self._pause(1.0)
        self._reporter.step(f"market ended after {market.published[symbol]:,} trades")

    def _stop(self, collector: Collector) -> None:
        """End the collector by SIGTERM once it holds all that was published."""
        deadline = time.monotonic() + _COLLECTED_SECONDS
        while not self._holds_everything(collector):
            if time.monotonic() > deadline:
                last = self._simulator.last_trade_id(self._past.symbol)
                held = f"holds trades up to {collector.last_trade_id()}, the last one was {last}"
                raise DemoError(f"the collector {held}; see {collector.process.log}")
            self._pause(0.5)
        self._supervisor.release(collector.process)
        collector.drain()
        self._reporter.step("collector    ended by SIGTERM, exit code 0")

    def _holds_everything(self, collector: Collector) -> bool:
        last = self._simulator.last_trade_id(self._past.symbol)
        return last is not None and last == collector.last_trade_id()

    def _expected_runs(self) -> list[Expected]:
        expected = [Expected(dag_id, "manual") for dag_id in TRIGGERED]
        expected.append(Expected("news_content", "asset_triggered"))
        for hour in self._past.span.hours:
            key = f"{hour:%Y-%m-%dT%H:00:00}"
            expected.append(Expected("trades_hour_ready", "scheduled", key))
            expected.append(Expected("example_downstream_asset", "asset_triggered", key))
            if self._past.expect == "available":
                expected.append(Expected("example_downstream_sensor", "scheduled", key))
        return expected

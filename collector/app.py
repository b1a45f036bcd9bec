"""The collector as a whole: settings in, S3 objects out, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import Any

import msgspec

from collector.endpoint import check_endpoint
from collector.feed import Line, stream_url
from collector.journal import Journal
from collector.pipeline import Pipeline, deliver_within
from collector.settings import Settings
from collector.status import serve_health, serve_metrics
from collector.uploader import Destination, Uploader
from include.binance.frames import KlineEvent, ServerShutdown, TradeEvent, decode_frame
from include.binance.rest import BinanceRest
from include.binance.symbols import check_fits
from include.errors import ExchangeError, InvalidRecord, SettingsError, UnknownSymbol
from include.stores.client import s3_client
from include.stores.s3 import S3Store

logger = logging.getLogger(__name__)

_REGULATE_SECONDS = 0.1
_QUARANTINED_FRAME_BYTES = 10_000


class Application:
    """Everything that runs in one collector process.

    Args:
        settings: the settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        client = s3_client(
            settings.aws_region, settings.aws_endpoint_url_s3, connections=2 * len(settings.asset_symbol) + 8
        )
        self._store = S3Store(client, settings.s3_bucket)
        self._stop_uploads = Event()
        self._gate = asyncio.Event()
        self._pipelines: dict[str, Pipeline] = {}
        self._lines: list[Line] = []
        self._messages = 0
        self._malformed = 0

    async def run(self) -> None:
        """Collect until SIGTERM or SIGINT, then bring what is held to S3 and return.

        Raises:
            LakeError: it cannot go on; the journal keeps what S3 does not hold.
        """
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        deliveries = {name: asyncio.create_task(line.deliver()) for name, line in self._pipelines.items()}
        reading = [asyncio.create_task(line.run()) for line in self._lines]
        keeping = [asyncio.create_task(pipeline.keep()) for pipeline in self._pipelines.values()]
        checking = asyncio.create_task(asyncio.to_thread(self._check_symbols))
        tasks = [*reading, *keeping, asyncio.create_task(self._regulate()), checking]
        try:
            await _until(stopped, [*tasks, *deliveries.values()])
        except BaseException:
            self._stop_uploads.set()
            await _cancelled([*tasks, *deliveries.values()])
            raise
        logger.info("stopping: nothing more is read")
        await _cancelled(tasks)
        await self._drain(deliveries)

    def stats(self) -> dict[str, Any]:
        """What the process did so far; for ``/health``, ``/stats`` and ``/metrics``."""
        connections = sum(line.connected for line in self._lines)
        return {
            "status": "healthy" if connections else "connecting",
            "connections": connections,
            "reading": self._gate.is_set(),
            "messages": self._messages,
            "malformed": self._malformed,
            "symbols": {name: _numbers(pipeline) for name, pipeline in self._pipelines.items()},
        }

    def prepare(self) -> None:
        """Check what it was told, open journals, listen on ports. Blocks; a signal ends it at once.

        Raises:
            LakeError: it cannot start.
        """
        settings = self._settings
        spool = settings.spool_dir / settings.data_source
        _make_folder(settings.spool_dir, spool)
        check_endpoint(self._store, settings.aws_endpoint_url_s3, spool)
        for symbol, pair in zip(settings.asset_symbol, settings.trading_pair, strict=True):
            self._pipelines[symbol] = self._pipeline(spool / symbol, symbol, pair)
        url = stream_url(settings.exchange_ws_url, settings.trading_pair)
        self._lines = [Line(url, self._frame, self._gate, self._lost) for _ in range(settings.connections)]
        serve_health(settings.health_port, self.stats)
        serve_metrics(settings.metrics_port, self.stats)

    def _check_symbols(self) -> None:
        """Refuse symbols that the exchange does not know, or that do not fit the columns.

        Runs in a thread beside the collection: a REST API that is slow or away must not cost a trade.
        """
        rest = BinanceRest(self._settings.exchange_rest_url, retries=1)
        for symbol in self._settings.asset_symbol:
            try:
                check_fits(rest.exchange_info(symbol))
            except UnknownSymbol:
                raise SettingsError("ASSET_SYMBOL", symbol, "a symbol of the exchange") from None
            except ExchangeError as error:
                logger.warning("%s: its number types are not checked (%s)", symbol, error)

    def _pipeline(self, directory: Path, symbol: str, pair: str) -> Pipeline:
        settings = self._settings
        destination = Destination(
            data_source=settings.data_source,
            symbol=symbol,
            pair=pair,
            prefix=settings.prefix(symbol),
            file_format=settings.file_format,
            grid=settings.grid,
            collector=settings.instance_id,
        )
        uploader = Uploader(self._store, destination, self._stop_uploads)
        return Pipeline(Journal(directory, symbol), uploader, settings.spool_max_bytes)

    def _frame(self, frame: bytes) -> bool:
        """Take a frame from any line; say whether the server goes away."""
        self._messages += 1
        try:
            event = decode_frame(frame)
            if isinstance(event, TradeEvent):
                self._pipelines[event.s].trade(event)
            elif isinstance(event, KlineEvent):
                self._pipelines[event.s].kline(event)
        except (msgspec.MsgspecError, InvalidRecord, KeyError) as error:
            self._refuse(frame, error)
            return False
        return isinstance(event, ServerShutdown)

    def _lost(self) -> None:
        if not any(line.connected for line in self._lines):
            for pipeline in self._pipelines.values():
                pipeline.interrupted()

    def _refuse(self, frame: bytes, error: Exception) -> None:
        """Count a frame that cannot be used, and keep it where a person finds it."""
        self._malformed += 1
        logger.warning("frame refused (%s), kept in refused-frames.log", error)
        try:
            with (self._settings.spool_dir / "refused-frames.log").open("ab") as file:
                file.write(frame[:_QUARANTINED_FRAME_BYTES] + b"\n")
        except OSError as failure:
            logger.warning("refused-frames.log cannot be written (%s)", failure)

    async def _regulate(self) -> None:
        """Stop reading while a journal is full or the disk fails: rather that than lose what is held."""
        while True:
            full = [name for name, pipeline in self._pipelines.items() if not pipeline.ready]
            if full and self._gate.is_set():
                logger.error("reading stops: the journal of %s takes no more", ", ".join(full))
                self._gate.clear()
            elif not full and not self._gate.is_set():
                logger.info("reading")
                self._gate.set()
            await asyncio.sleep(_REGULATE_SECONDS)

    async def _drain(self, deliveries: dict[str, asyncio.Task[None]]) -> None:
        for pipeline in self._pipelines.values():
            await pipeline.finish()
        seconds = self._settings.shutdown_seconds
        done = await asyncio.gather(
            *(deliver_within(self._pipelines[name], task, seconds) for name, task in deliveries.items())
        )
        for pipeline, delivered in zip(self._pipelines.values(), done, strict=True):
            pipeline.close(delivered=delivered)
        logger.info("stopped: %s", "S3 holds everything" if all(done) else "the journal keeps the rest")


def _make_folder(spool_dir: Path, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SettingsError(
            "SPOOL_DIR", str(spool_dir), f"a folder that can be written ({error.strerror})"
        ) from None


def _numbers(pipeline: Pipeline) -> dict[str, Any]:
    counts, uploads = pipeline.sequencer.counts, pipeline.uploader.counts
    return {
        "last_trade_id": pipeline.sequencer.last_trade_id,
        "trades": counts.emitted,
        "duplicates": counts.duplicates,
        "missing_trades": counts.missing,
        "late_trades": counts.late,
        "objects": uploads.objects,
        "uploaded_trades": uploads.rows,
        "upload_failures": uploads.failures,
        "conflicts": uploads.conflicts,
        "quarantined": pipeline.journal.quarantined,
        "spool_bytes": pipeline.journal.bytes_held,
    }


async def _until(stopped: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the signal; the error of a task that fails before it is raised."""
    signalled = asyncio.create_task(stopped.wait())
    waiting: set[asyncio.Task[Any]] = {signalled, *tasks}
    while not stopped.is_set():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

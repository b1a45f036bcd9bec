"""One symbol's way from the frames to S3: sequencer, journal, batcher, uploader."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, time_ns

from collector.batcher import Batcher
from collector.journal import Entry, Journal, Position
from collector.records import Record, SessionEnd, SessionStart
from collector.sequencer import Sequencer
from collector.uploader import Uploader
from include.binance.frames import KlineEvent, TradeEvent, to_kline, to_trade
from include.errors import LakeError
from include.lake.times import exchange_time, minute_of
from include.lake.trade import Trade

logger = logging.getLogger(__name__)

COMMIT_SECONDS = 0.1
"""A group of trades becomes durable this often: what a power cut or a kill can cost."""

MAX_BUFFERED = 200_000
"""Records that may wait for the disk; then nothing more is read."""

_DISK_RETRY_SECONDS = 1.0


class Pipeline:
    """One symbol.

    The hot path only appends: ``trade`` and ``kline`` put records into a buffer, ``keep`` makes them durable,
    and ``deliver`` follows behind, reading from the journal, so that a replay takes the same way.

    Args:
        journal: the symbol's journal.
        uploader: writes to S3.
        spool_max_bytes: bound on the journal; beyond it ``ready`` is false.
    """

    def __init__(self, journal: Journal, uploader: Uploader, spool_max_bytes: int) -> None:
        self.journal = journal
        self.uploader = uploader
        self._spool_max_bytes = spool_max_bytes
        self._buffer: list[Record] = [SessionStart()]
        self.sequencer = Sequencer(self._emit, journal.last_id)
        self._batcher = Batcher(uploader.to.grid, journal.released.last_id)
        self._position = Position(journal.released.segment)
        self._minute = 0
        self._disk_failed = False
        self._ending = False
        self._durable = asyncio.Event()
        self._name = uploader.to.symbol
        self._disk = ThreadPoolExecutor(1, f"journal-{self._name}")
        self._network = ThreadPoolExecutor(1, f"upload-{self._name}")

    @property
    def ready(self) -> bool:
        """Whether more may be read: the disk works, and journal and buffer are below their bounds."""
        return (
            not self._disk_failed
            and len(self._buffer) < MAX_BUFFERED
            and self.journal.bytes_held < self._spool_max_bytes
        )

    def trade(self, event: TradeEvent) -> None:
        """Take a trade frame.

        Raises:
            InvalidRecord: a value exceeds its column.
        """
        self.sequencer.trade(to_trade(event, time_ns() // 1000), monotonic())

    def kline(self, event: KlineEvent) -> None:
        """Take a kline frame; it also tells the exchange's time."""
        kline = to_kline(event)
        if kline is not None:
            self.sequencer.kline(kline)
        self.sequencer.clock(exchange_time(event.E)[0])

    def interrupted(self) -> None:
        """No connection is left: what happens from now on is not seen, until trades come again."""
        self.sequencer.flush(monotonic())
        self._emit(SessionStart())

    async def keep(self) -> None:
        """Make what was received durable, group by group, until cancelled."""
        while True:
            await asyncio.sleep(_DISK_RETRY_SECONDS if self._disk_failed else COMMIT_SECONDS)
            self.sequencer.tick(monotonic())
            await self._commit()

    async def deliver(self) -> None:
        """Bring what is durable to S3, until ``finish`` was called and everything is there.

        Raises:
            LakeError: the time to finish was over; the journal keeps the rest.
        """
        loop = asyncio.get_running_loop()
        while True:
            ending = self._ending  # asked first: what was made durable since may not be part of this round
            self._durable.clear()
            await loop.run_in_executor(self._network, self._deliver_durable)
            if ending:
                return
            await self._durable.wait()

    async def finish(self) -> None:
        """Take no more; make everything durable, and let ``deliver`` end."""
        self.sequencer.flush(monotonic())
        self._emit(SessionEnd())
        await self._commit()
        self._ending = True
        self._durable.set()

    def close(self, *, delivered: bool) -> None:
        """Close the journal; empty it when S3 holds everything."""
        self._disk.shutdown()
        self._network.shutdown()
        if delivered and not self._disk_failed:
            try:
                self.journal.release_all()
            except OSError as error:
                logger.warning("%s: the journal is replayed at the next start (%s)", self._name, error)
        self.journal.close()

    def _emit(self, record: Record) -> None:
        self._buffer.append(record)

    async def _commit(self) -> None:
        if not self._buffer and not self._disk_failed:
            return
        records, self._buffer = self._buffer, []
        writing = asyncio.get_running_loop().run_in_executor(self._disk, self.journal.append, records)
        try:
            await asyncio.shield(writing)  # a cancelled commit would forget the records
        except OSError as error:
            logger.error("%s: the journal cannot be written (%s): reading stops", self._name, error)
            self._disk_failed = True
            return
        self._disk_failed = False
        self._durable.set()

    def _deliver_durable(self) -> None:
        """Runs in a thread. Late trades leave with their entry, so that a replay cuts them the same."""
        for entry in self.journal.read(self._position):
            begins_minute = self._begins_minute(entry)
            actions = [action for record in entry.records for action in self._batcher.feed(record)]
            self.uploader.write([*actions, *self._batcher.flush_late()])
            self._position = entry.end
            if begins_minute:
                self.journal.release(entry.segment)

    def _begins_minute(self, entry: Entry) -> bool:
        """Say whether a segment begins here with a new minute: then nothing before it is needed any more."""
        first = entry.records[0]
        minutes = [minute_of(record.trade_ts_us) for record in entry.records if isinstance(record, Trade)]
        before, self._minute = self._minute, max([self._minute, *minutes])
        return entry.segment > self._position.segment and isinstance(first, Trade) and minutes[0] > before


async def deliver_within(pipeline: Pipeline, delivery: asyncio.Task[None], seconds: float) -> bool:
    """Wait for a pipeline to bring everything to S3.

    Returns:
        False: the time was over; the journal keeps the rest for the next start.
    """
    done, _ = await asyncio.wait({delivery}, timeout=seconds)
    if not done:
        pipeline.uploader.stop.set()
        await asyncio.wait({delivery})
    try:
        delivery.result()
    except LakeError as error:
        logger.warning(
            "%s: the journal keeps what S3 does not hold yet (%s)", pipeline.uploader.to.symbol, error
        )
        return False
    return True

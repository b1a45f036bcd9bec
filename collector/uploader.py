"""Writes what the batcher completed to S3, and lists it in the minute manifests. The collector's last stage.

Whatever S3 refuses or does not answer is kept and tried again, slowly and loudly; nothing is dropped, nothing
overwritten, nothing deleted. A content conflict is kept beside, counted, and does not hold up the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from threading import Event

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_random_exponential,
)

from collector.batcher import Action, CutBatch
from include.errors import ContentConflict, LakeError
from include.lake.batching import Grid
from include.lake.catalog import CatalogEntry, register
from include.lake.keys import TradeKeys
from include.lake.manifest import Addition, ManifestObject, Previous
from include.lake.manifests import ManifestStore
from include.lake.times import from_us
from include.lake.trade import Trade
from include.lake.writing import BatchWriter
from include.stores.s3 import S3Store

logger = logging.getLogger(__name__)

_MAX_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where and how a symbol's trades are written.

    Attributes:
        data_source: first part of a batch's identity.
        symbol: the symbol.
        pair: its name in stream names.
        prefix: prefix of its keys.
        file_format: ``parquet``, ``csv`` or ``jsonl``.
        grid: settings of the cut.
        collector: who writes.
    """

    data_source: str
    symbol: str
    pair: str
    prefix: str
    file_format: str
    grid: Grid
    collector: str


@dataclass(slots=True)
class UploadCounts:
    """What reached S3, and what stood in the way."""

    objects: int = 0
    rows: int = 0
    failures: int = 0
    conflicts: int = 0


@dataclass(slots=True)
class Uploader:
    """Writes one symbol's batches. Blocking: runs in a thread.

    Attributes:
        store: the bucket.
        to: where and how to write.
        stop: once set, ``write`` gives up instead of waiting; the journal keeps everything.
        counts: what was done.
    """

    store: S3Store
    to: Destination
    stop: Event
    counts: UploadCounts = field(default_factory=UploadCounts)
    _registered: bool = False

    def write(self, actions: Sequence[Action]) -> None:
        """Write actions in order, until S3 holds them and the manifests list them.

        Raises:
            LakeError: ``stop`` was set before that.
        """
        for minute_us, group in groupby(actions, key=lambda action: action.minute_us):
            self._persistently(minute_us, list(group))

    def _persistently(self, minute_us: int, actions: Sequence[Action]) -> None:
        Retrying(
            retry=retry_if_exception_type(LakeError),
            wait=wait_random_exponential(multiplier=0.2, max=_MAX_WAIT_SECONDS),
            stop=stop_when_event_set(self.stop),
            sleep=sleep_using_event(self.stop),
            before_sleep=self._complain,
            reraise=True,
        )(self._write_minute, minute_us, actions)

    def _complain(self, state: RetryCallState) -> None:
        self.counts.failures += 1
        error = state.outcome.exception() if state.outcome else None
        logger.warning("%s: not written yet, the journal keeps it (%s)", self.to.symbol, error)

    def _write_minute(self, minute_us: int, actions: Sequence[Action]) -> None:
        addition = self._addition(minute_us, actions)
        if addition.objects and not self._registered:
            self._register(addition.objects[0])
        ManifestStore(self.store, self._keys).add(addition)
        self.counts.objects += len(addition.objects)
        self.counts.rows += sum(held.rows for held in addition.objects)

    def _register(self, first: ManifestObject) -> None:
        """Tell the catalog what is collected from when on, so that readers know what to expect."""
        entry = CatalogEntry(
            symbol=self.to.symbol,
            data_source=self.to.data_source,
            pair=self.to.pair,
            prefix=self.to.prefix,
            streams=["trade"],
            collected_from=from_us(first.min_ts),
            file_format=self.to.file_format,
        )
        register(self.store, entry)
        self._registered = True

    def _addition(self, minute_us: int, actions: Sequence[Action]) -> Addition:
        facts = [action for action in actions if not isinstance(action, CutBatch)]
        batches = [action.trades for action in actions if isinstance(action, CutBatch)]
        objects = [held for trades in batches if (held := self._put(trades))]
        previous = next((fact.previous for fact in facts if fact.previous), None)
        return Addition(
            symbol=self.to.symbol,
            minute=from_us(minute_us),
            objects=objects,
            gaps=[gap for fact in facts for gap in fact.gaps],
            kline=next((fact.kline for fact in facts if fact.kline), None),
            previous=Previous(from_us(previous[0]), previous[1]) if previous else None,
            watermark=max((held.max_ts for held in objects), default=None),
            closed=any(fact.closed for fact in facts),
            cut=self.to.grid,
            collector=self.to.collector,
        )

    def _put(self, trades: list[Trade]) -> ManifestObject | None:
        try:
            return self._writer.put(trades)
        except ContentConflict as conflict:
            self.counts.conflicts += 1
            logger.error("%s", conflict)
            return None

    @property
    def _keys(self) -> TradeKeys:
        return TradeKeys(self.to.prefix)

    @property
    def _writer(self) -> BatchWriter:
        to = self.to
        return BatchWriter(self.store, self._keys, to.data_source, to.symbol, "ws", to.file_format)

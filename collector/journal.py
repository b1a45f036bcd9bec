"""The journal: what the collector has received and S3 does not hold yet, on disk.

Append-only segments of checksummed blocks (``collector/blocks.py``), fsynced before anything in them counts
as held. A segment begins with a minute of trade time, so that a replay cuts the same batches. It goes only
when S3 and the manifests hold all of it; the file ``released`` says so, atomically, before a segment is
deleted. A segment's first block holds its header, each other block a list of records, all in msgpack.

One thread appends, another reads and releases.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from collector.blocks import Block, Damage, scan
from collector.records import Record
from collector.segments import (
    VERSION,
    SegmentFile,
    SegmentHeader,
    replace_file,
    segment_numbers,
    segment_path,
    size_of,
)
from include.errors import LakeError
from include.lake.times import minute_of
from include.lake.trade import Trade

logger = logging.getLogger(__name__)
_encoder = msgspec.msgpack.Encoder()
_record_list = msgspec.msgpack.Decoder(list[Record])


class JournalError(LakeError):
    """The journal's folder cannot be used as it is."""


class Mark(msgspec.Struct, frozen=True):
    """The state of the journal before a segment.

    Attributes:
        segment: the segment.
        sequence: last block sequence number before it.
        last_id: last trade id before it, None where there was none.
    """

    segment: int = 1
    sequence: int = 0
    last_id: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the journal: earlier segments, and this one up to the offset (bytes), lie before it."""

    segment: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A durable block of records: where it stands, and where the next one begins."""

    records: Sequence[Record]
    segment: int
    end: Position


@dataclass(frozen=True, slots=True)
class _Run:
    """Records that become one block."""

    records: list[Record]
    opens_minute: bool


class Journal:
    """The journal of one symbol.

    Args:
        directory: its folder, made where it does not exist; one collector at a time.
        symbol: the symbol.

    Attributes:
        released: everything before this mark is in S3 for good; a replay begins there.
        last_id: the last trade id that was journalled, None where there was none.
        quarantined: number of damaged stretches that were copied to ``quarantine/``.

    Raises:
        JournalError: the folder is in use, belongs to another symbol, or was written by a newer version.
    """

    def __init__(self, directory: Path, symbol: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._symbol = symbol
        self._lock = _lock(directory)
        with ExitStack() as on_error:
            on_error.callback(os.close, self._lock)
            self.released = self._read_released()
            self._delete_released()
            self._guard = threading.Lock()
            self._marks = {self.released.segment: self.released}
            self._segment = max([self.released.segment - 1, *segment_numbers(directory)])
            self._durable = Position(self._segment + 1)
            self._file: SegmentFile | None = None
            self._pending: deque[_Run] = deque()
            self._minute = 0
            self._read_sequence = self._sequence = self.released.sequence
            self.last_id = self.released.last_id
            self.quarantined = 0
            self._recover()
            on_error.pop_all()

    @property
    def bytes_held(self) -> int:
        """Size of the segments, bytes."""
        return sum(size_of(segment_path(self._directory, n)) for n in segment_numbers(self._directory))

    def append(self, records: Sequence[Record]) -> None:
        """Take records and make them durable.

        Raises:
            OSError: the disk refused. Nothing is lost: what is not durable is kept, and written anew, to
                another file, with the next call. An fsync that failed is never repeated on the same file,
                because the kernel has dropped the pages (Rebello et al., USENIX ATC 2020).
        """
        self._pending.extend(self._runs(records))
        try:
            while self._pending:
                self._write_run(self._pending[0])
                self._pending.popleft()
        except OSError:
            self._close_segment()
            raise

    def read(self, start: Position) -> Iterator[Entry]:
        """Yield the durable blocks from a position on, each once.

        What is damaged is copied to ``quarantine/``, counted and passed over.
        """
        end = self._durable
        for number in segment_numbers(self._directory):
            if number < start.segment or Position(number) >= end:
                continue
            offset = start.offset if number == start.segment else 0
            with segment_path(self._directory, number).open("rb") as file:
                file.seek(offset)
                data = file.read(end.offset - offset if number == end.segment else -1)
            yield from self._entries(number, offset, data)

    def release(self, segment: int) -> None:
        """Forget all segments below this one: S3 holds them.

        Where the disk refuses the mark they go all the same: a full disk must not keep what would free it. A
        replay from the older mark then names a gap that is none, until the hour is sealed.
        """
        if segment > self.released.segment:
            try:
                self._mark(self._marks[segment])
            except OSError as error:
                logger.warning("journal of %s: released, but not noted (%s)", self._symbol, error)
            self._delete_released()

    def release_all(self) -> None:
        """Forget everything that was journalled: S3 holds it.

        Raises:
            OSError: the disk refused; nothing is forgotten.
        """
        self._close_segment()
        self._mark(Mark(self._segment + 1, self._sequence, self.last_id))
        self._delete_released()

    def close(self) -> None:
        """Close the files and give up the folder."""
        self._close_segment()
        os.close(self._lock)

    def _runs(self, records: Sequence[Record]) -> Iterator[_Run]:
        """Cut records before each trade of a later minute.

        A run is never extended: after a failed write both copies of a block may be read, under one number.
        """
        run = _Run([], opens_minute=False)
        for record in records:
            if isinstance(record, Trade) and (minute := minute_of(record.trade_ts_us)) > self._minute:
                self._minute = minute
                if run.records:
                    yield run
                run = _Run([], opens_minute=True)
            run.records.append(record)
        if run.records:
            yield run

    def _write_run(self, run: _Run) -> None:
        """Make a run durable, in a new segment where it begins a minute."""
        if self._file is None or run.opens_minute:
            self._roll()
        assert self._file is not None
        self._file.append(self._sequence + 1, _encoder.encode(run.records))
        self._sequence += 1
        self._note(run.records)
        self._durable = Position(self._segment, self._file.offset)

    def _note(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Trade):
                self.last_id = max(self.last_id or 0, record.trade_id)

    def _roll(self) -> None:
        self._close_segment()
        self._segment += 1
        with self._guard:
            self._marks[self._segment] = Mark(self._segment, self._sequence, self.last_id)
        header = SegmentHeader(VERSION, self._symbol, self._sequence, self.last_id)
        self._file = SegmentFile(segment_path(self._directory, self._segment), header)
        self._durable = Position(self._segment)

    def _close_segment(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _entries(self, segment: int, offset: int, data: bytes) -> Iterator[Entry]:
        for found in scan(data):
            if isinstance(found, Damage):
                self._quarantine(segment, offset, data, found)
            elif found.sequence > self._read_sequence:
                self._read_sequence = found.sequence
                yield Entry(
                    _record_list.decode(found.payload), segment, Position(segment, offset + found.end)
                )

    def _recover(self) -> None:
        """Find out what the sessions before had written."""
        for number in segment_numbers(self._directory):
            self._marks.setdefault(number, self.released)
            for found in scan(segment_path(self._directory, number).read_bytes()):
                if isinstance(found, Damage):
                    continue
                if found.sequence == 0:
                    header = self._header(number, found)
                    self._marks[number] = Mark(number, header.sequence, header.last_id)
                elif found.sequence > self._sequence:
                    self._sequence = found.sequence
                    self._note(_record_list.decode(found.payload))

    def _header(self, segment: int, block: Block) -> SegmentHeader:
        header = msgspec.msgpack.decode(block.payload, type=SegmentHeader)
        path = segment_path(self._directory, segment)
        if header.version > VERSION:
            raise JournalError(f"{path} was written by a newer version ({header.version}): use that version")
        if header.symbol != self._symbol:
            raise JournalError(f"{path} holds {header.symbol}, not {self._symbol}: one folder a symbol")
        return header

    def _quarantine(self, segment: int, offset: int, data: bytes, damage: Damage) -> None:
        """Keep damaged bytes where a person finds them; a torn end is what a crash leaves."""
        reason = "torn" if damage.torn else "damaged"
        path = self._directory / "quarantine" / f"{segment:012d}-{offset + damage.start}-{reason}.bin"
        if path.exists():
            return
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data[damage.start : damage.end])
        except OSError as error:
            logger.warning("journal of %s: %s bytes not kept (%s)", self._symbol, reason, error)
            return
        self.quarantined += 1
        logger.warning("journal of %s: %s bytes kept in %s", self._symbol, reason, path)

    def _read_released(self) -> Mark:
        path = self._directory / "released"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Mark)
        except FileNotFoundError:
            return Mark()
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"{path} is damaged: move it away, then all segments are replayed ({error})"
            ) from None

    def _mark(self, mark: Mark) -> None:
        self.released = mark
        with self._guard:
            self._marks = {number: held for number, held in self._marks.items() if number >= mark.segment}
        replace_file(self._directory / "released", msgspec.json.encode(mark))

    def _delete_released(self) -> None:
        for number in segment_numbers(self._directory):
            if number < self.released.segment:
                segment_path(self._directory, number).unlink()


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(
            f"{directory} is in use by another collector: give each its own SPOOL_DIR"
        ) from None
    return descriptor

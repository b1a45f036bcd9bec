"""Files of the journal: one append-only segment each, and small files that are replaced whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from collector.blocks import to_block

VERSION = 1
_SUFFIX = ".journal"


class SegmentHeader(msgspec.Struct, array_like=True, frozen=True):
    """First block of a segment.

    Attributes:
        version: of this format.
        symbol: the symbol.
        sequence: the last block sequence number before this segment.
        last_id: the last trade id before this segment, None where there was none.
    """

    version: int
    symbol: str
    sequence: int
    last_id: int | None


class SegmentFile:
    """A segment that is being written.

    Args:
        path: must not exist.
        header: what it begins with.

    Raises:
        OSError: the disk refused.
    """

    def __init__(self, path: Path, header: SegmentHeader) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        self.offset = 0
        try:
            self._write(to_block(0, msgspec.msgpack.encode(header)))
            sync_directory(path.parent)
        except OSError:
            self.close()
            with suppress(OSError):
                path.unlink()
            raise

    def append(self, sequence: int, payload: bytes) -> None:
        """Write a block and make it durable."""
        self._write(to_block(sequence, payload))
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file. An error now says nothing that fsync did not say before."""
        with suppress(OSError):
            os.close(self._descriptor)

    def _write(self, block: bytes) -> None:
        left = memoryview(block)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self.offset += len(block)


def segment_path(directory: Path, number: int) -> Path:
    """Where a segment stands."""
    return directory / f"{number:012d}{_SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """Numbers of the segments in a folder, in order; other files are none of ours."""
    return sorted(int(path.stem) for path in directory.glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def size_of(path: Path) -> int:
    """Size of a segment, bytes; 0 where it is gone: another thread may release it at any time."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def replace_file(path: Path, body: bytes) -> None:
    """Replace a file whole, durably: a reader finds the old bytes or the new ones."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

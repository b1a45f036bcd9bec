"""Checksummed blocks of a journal segment.

    block := "TLJ1" length:u32 sequence:u64 crc32:u32 payload          little-endian

The checksum covers sequence and payload. A block that was written anew after a failed fsync keeps its
sequence number, so that a reader passes the second copy over.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = b"TLJ1"
_HEAD = struct.Struct("<4sIQI")


@dataclass(frozen=True, slots=True)
class Block:
    """A whole block; offsets are bytes in the data that was scanned."""

    sequence: int
    payload: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no block.

    Attributes:
        start: first byte.
        end: byte behind the last.
        torn: they reach the end of the data: a write that was cut off.
    """

    start: int
    end: int
    torn: bool


def to_block(sequence: int, payload: bytes) -> bytes:
    """Frame a payload."""
    return _HEAD.pack(_MAGIC, len(payload), sequence, _checksum(sequence, payload)) + payload


def scan(data: bytes) -> Iterator[Block | Damage]:
    """Yield the blocks of a segment in order; a damaged one costs itself only."""
    start = 0
    while start < len(data):
        block = _block_at(data, start)
        if block is not None:
            yield block
            start = block.end
            continue
        following = _next_block(data, start + 1)
        yield Damage(start, following, torn=following == len(data))
        start = following


def _block_at(data: bytes, start: int) -> Block | None:
    if len(data) - start < _HEAD.size:
        return None
    magic, length, sequence, checksum = _HEAD.unpack_from(data, start)
    begin = start + _HEAD.size
    payload = data[begin : begin + length]
    if magic != _MAGIC or len(payload) != length or checksum != _checksum(sequence, payload):
        return None
    return Block(sequence, payload, begin + length)


def _next_block(data: bytes, start: int) -> int:
    """Return where the next whole block begins, or the end of the data."""
    while (start := data.find(_MAGIC, start)) >= 0:
        if _block_at(data, start) is not None:
            return start
        start += 1
    return len(data)


def _checksum(sequence: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(sequence.to_bytes(8, "little")))

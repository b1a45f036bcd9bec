"""One WebSocket connection as the sender sees it: subscriptions, a bounded queue, and what was sent."""

import asyncio
import socket
import struct
from collections.abc import Iterator

from simulator.frames import FrameFormat
from simulator.log import RunLog
from simulator.trades import Trade

LINGER_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing the socket sends a reset instead of an orderly end."""


class IdRanges:
    """Trade ids by symbol as closed ranges, grown in the order of sending."""

    def __init__(self) -> None:
        self._ranges: dict[str, list[list[int]]] = {}

    def add(self, trade: Trade) -> None:
        """Add one trade's id."""
        self.add_range(trade.symbol, trade.trade_id, trade.trade_id)

    def add_range(self, symbol: str, first_id: int, last_id: int) -> None:
        """Add a range, joined to the one before when it follows it."""
        ranges = self._ranges.setdefault(symbol, [])
        if ranges and ranges[-1][1] + 1 == first_id:
            ranges[-1][1] = last_id
        else:
            ranges.append([first_id, last_id])

    def drain(self) -> Iterator[tuple[str, int, int]]:
        """Take all ranges out as (symbol, first id, last id)."""
        taken, self._ranges = self._ranges, {}
        for symbol, ranges in taken.items():
            for first_id, last_id in ranges:
                yield symbol, first_id, last_id

    def take_from(self, other: "IdRanges") -> None:
        """Move all ranges of another one here."""
        for symbol, first_id, last_id in other.drain():
            self.add_range(symbol, first_id, last_id)


class Connection:
    """Sends frames without ever waiting: a client that does not keep up is cut off, as at the exchange.

    Frames wait in a queue of ours and go to the transport only while its own buffer is empty, so that
    "sent" in the log means that the kernel has taken them.
    """

    def __init__(
        self,
        connection_id: int,
        transport: asyncio.Transport,
        frame_format: FrameFormat,
        log: RunLog,
        queue_bytes: int,
    ) -> None:
        self.connection_id = connection_id
        self.frame_format = frame_format
        self.streams: list[str] = []
        self.close_reason = "client closed"
        self._transport = transport
        self._log = log
        self._queue_bytes = queue_bytes
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._queued = IdRanges()
        self._in_flight = IdRanges()
        self._sent = IdRanges()

    def opened(self) -> None:
        """Log that the connection is open."""
        unit = "MICROSECOND" if self.frame_format.microseconds else "MILLISECOND"
        shape = "combined" if self.frame_format.combined else "raw"
        self._log.connection("open", self.connection_id, streams=self.streams, shape=shape, time_unit=unit)

    def log_subscriptions(self) -> None:
        """Log the streams that the connection hears now."""
        self._log.connection("subscriptions", self.connection_id, streams=self.streams)

    def queue(self, frame: bytes, trade: Trade | None) -> None:
        """Queue a frame for the next flush."""
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        if trade is not None:
            self._queued.add(trade)

    def flush(self) -> None:
        """Give the queue to the socket if it can take it; cut off a client whose queue is too long."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() == 0:
            self._write()
        elif self._queued_bytes > self._queue_bytes:
            self.cut("send queue overflow")

    def discard_queue(self) -> None:
        """Drop what waits, so that no data follows a close frame."""
        self._queue.clear()
        self._queued_bytes = 0
        self._queued = IdRanges()

    def cut(self, reason: str) -> None:
        """Reset the TCP connection, whatever is queued."""
        self.close_reason = reason
        raw_socket: socket.socket = self._transport.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self._transport.abort()

    def log_sent(self) -> None:
        """Log the ranges that were sent since the last call."""
        for symbol, first_id, last_id in self._sent.drain():
            self._log.connection(
                "sent", self.connection_id, symbol=symbol, first_id=first_id, last_id=last_id
            )

    def closed(self) -> None:
        """Log the end: what was sent, and what the socket may have taken in part."""
        self.log_sent()
        in_flight = [
            {"symbol": symbol, "first_id": first_id, "last_id": last_id}
            for symbol, first_id, last_id in self._in_flight.drain()
        ]
        self._log.connection("close", self.connection_id, reason=self.close_reason, in_flight=in_flight)

    def _write(self) -> None:
        self._sent.take_from(self._in_flight)
        if not self._queue:
            return
        self._transport.write(b"".join(self._queue))
        self._in_flight.take_from(self._queued)
        self.discard_queue()
        if self._transport.get_write_buffer_size() == 0:
            self._sent.take_from(self._in_flight)

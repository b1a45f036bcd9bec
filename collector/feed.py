"""The connections to the exchange: independent lines, each its own loop, that all carry the same streams.

A line reconnects by itself. When its connection grows old, or the server says that it goes away, a successor
is opened first, the two overlap, and then the old one is closed: the sequencer takes the first copy of each
trade. Facts: Binance spot API, "WebSocket Streams" (24 h at most, ``serverShutdown``, 300 attempts per 5
minutes and IP).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

logger = logging.getLogger(__name__)

LIFETIME_SECONDS = 23 * 3600.0
"""The exchange closes a connection after 24 h."""

SILENCE_SECONDS = 15.0
"""Klines come every 2 s: a line that is silent for this long is dead, whatever its socket says."""

OVERLAP_SECONDS = 30.0
"""How long an old connection waits for its successor's first frame."""

_SHORT_LIFE_SECONDS = 2.0
_MAX_FRAME_BYTES = 2**20

FrameHandler = Callable[[bytes], bool]
"""Takes a frame; says whether it announces that the server goes away."""


def stream_url(base_url: str, pairs: Sequence[str]) -> str:
    """URL of the combined streams of trades and 1-minute klines, times in microseconds."""
    streams = "/".join(f"{pair}@{kind}" for pair in pairs for kind in ("trade", "kline_1m"))
    return f"{base_url.rstrip('/')}/stream?streams={streams}&timeUnit=MICROSECOND"


def backoff() -> Generator[float]:
    """Delays between attempts, seconds, with jitter; far below the exchange's limit."""
    delay = 0.25
    while True:
        yield delay * random.uniform(0.5, 1.5)
        delay = min(delay * 2, 20.0)


@dataclass(slots=True)
class Session:
    """A connection that is kept up until its task is cancelled.

    Attributes:
        url: what to connect to.
        handle: takes each frame.
        gate: while it is cleared, nothing is read.
        lost: called when the connection is gone.
        alive: set once a frame has come.
        retire: set when a successor should take over.
        connected: whether the socket is open now.
        attempts: how often it was opened.
        frames: how many frames came.
    """

    url: str
    handle: FrameHandler
    gate: asyncio.Event
    lost: Callable[[], None]
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    retire: asyncio.Event = field(default_factory=asyncio.Event)
    connected: bool = False
    attempts: int = 0
    frames: int = 0

    async def run(self) -> None:
        """Connect, read, connect again."""
        clock = asyncio.get_running_loop().time
        async for socket in self._sockets():
            started = clock()
            self.attempts += 1
            self.connected = True
            try:
                await self._serve(socket)
            except ConnectionClosed as closed:
                logger.warning("connection lost (%s): connecting again", closed)
            finally:
                self.connected = False
                self.lost()
            if clock() - started < _SHORT_LIFE_SECONDS:
                await asyncio.sleep(random.uniform(1, 2))

    def _sockets(self) -> connect:
        return connect(
            self.url,
            compression=None,
            max_size=_MAX_FRAME_BYTES,
            close_timeout=2,
            process_exception=_fatal,
            reconnect_delays=backoff,
        )

    async def _serve(self, socket: ClientConnection) -> None:
        watchdog = asyncio.create_task(self._watch(socket))
        try:
            while True:
                if not self.gate.is_set():
                    await self.gate.wait()
                if self.handle(await socket.recv(decode=False)):
                    self.retire.set()
                self.frames += 1
                self.alive.set()
        finally:
            watchdog.cancel()

    async def _watch(self, socket: ClientConnection) -> None:
        """Close a silent socket; retire an old one."""
        clock = asyncio.get_running_loop().time
        old_at = clock() + LIFETIME_SECONDS * random.uniform(0.95, 1)
        seen = -1
        while seen != self.frames or not self.gate.is_set():
            seen = self.frames
            await asyncio.sleep(SILENCE_SECONDS * random.uniform(1, 2))  # lines must not break off together
            if clock() >= old_at:
                self.retire.set()
        logger.warning("no frame for %s s or more: connecting again", SILENCE_SECONDS)
        await socket.close()


class Line:
    """One of the independent lines: a session, and its successor when it retires.

    Args:
        url: what to connect to.
        handle: takes each frame.
        gate: while it is cleared, nothing is read.
        lost: called when a connection is gone.
    """

    def __init__(self, url: str, handle: FrameHandler, gate: asyncio.Event, lost: Callable[[], None]) -> None:
        self._parts = (url, handle, gate, lost)
        self._session = Session(*self._parts)

    @property
    def connected(self) -> bool:
        """Whether the line carries data now."""
        return self._session.connected

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        task = asyncio.create_task(self._session.run())
        try:
            while True:
                await self._retired(task)
                successor = Session(*self._parts)
                next_task = asyncio.create_task(successor.run())
                await _set_within(successor.alive, OVERLAP_SECONDS)
                task.cancel()
                self._session, task = successor, next_task
        finally:
            task.cancel()

    async def _retired(self, task: asyncio.Task[None]) -> None:
        """Wait until the session retires; one that failed is an error of ours and ends the collector."""
        retire = asyncio.create_task(self._session.retire.wait())
        done, _ = await asyncio.wait({task, retire}, return_when=asyncio.FIRST_COMPLETED)
        retire.cancel()
        if task in done:
            task.result()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting}, timeout=seconds)
    waiting.cancel()


def _fatal(error: Exception) -> Exception | None:
    """Say whether a connection may be tried again (None): whatever network or server do, it may."""
    if isinstance(error, OSError | TimeoutError | WebSocketException):
        logger.warning("no connection (%s): trying again", error)
        return None
    return error

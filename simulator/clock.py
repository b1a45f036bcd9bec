"""Event time: wall time, started on demand and run at a chosen speed."""

import asyncio
import time

from simulator.settings import MICROSECONDS


class Clock:
    """Event time in microseconds: stands at ``begin_us`` until started, and again once stopped.

    Args:
        begin_us: where it begins.
        speed: event seconds that pass in one second.
        catch_up: never run beyond the present: once there, go with it.
    """

    def __init__(self, begin_us: int, speed: float, *, catch_up: bool = False) -> None:
        self._begin_us = begin_us
        self._speed = speed
        self._catch_up = catch_up
        self._started_at: float | None = None
        self._stopped_us: int | None = None
        self._start = asyncio.Event()

    def start(self) -> None:
        """Let time run; a second call changes nothing."""
        if self._started_at is None:
            self._started_at = time.monotonic()
            self._start.set()

    def stop(self) -> None:
        """Let time stand where it is."""
        self._stopped_us = self.now_us()

    async def wait_for_start(self) -> None:
        """Return once the clock runs."""
        await self._start.wait()

    def now_us(self) -> int:
        """The present event time."""
        if self._stopped_us is not None:
            return self._stopped_us
        if self._started_at is None:
            return self._begin_us
        passed = (time.monotonic() - self._started_at) * self._speed
        event_us = self._begin_us + int(passed * MICROSECONDS)
        return min(event_us, time.time_ns() // 1000) if self._catch_up else event_us

    @property
    def state(self) -> str:
        """``waiting``, ``running`` or ``ended``."""
        if self._stopped_us is not None:
            return "ended"
        return "waiting" if self._started_at is None else "running"

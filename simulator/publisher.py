"""Publishes the market's events when their time has come, whether or not anyone listens."""

import asyncio
from collections.abc import Iterator

from simulator.clock import Clock
from simulator.events import Event
from simulator.exchange import Exchange
from simulator.hub import Hub
from simulator.log import RunLog

TICK_SECONDS = 0.01
EVENTS_PER_TICK = 1000
"""Upper bound of a tick, so that requests and pings are answered while a burst is published."""
LOG_INTERVAL_SECONDS = 0.25


class Publisher:
    """Walks through the events by the clock."""

    def __init__(self, events: Iterator[Event], clock: Clock, exchange: Exchange, hub: Hub) -> None:
        self._events = events
        self._clock = clock
        self._exchange = exchange
        self._hub = hub
        self._next: Event | None = None

    async def run(self) -> None:
        """Publish until the market ends, then let the clock stand and keep flushing queues."""
        await self._clock.wait_for_start()
        self._next = next(self._events, None)
        while self._next is not None:
            caught_up = self._publish_until(self._clock.now_us())
            self._hub.flush()
            await asyncio.sleep(TICK_SECONDS if caught_up else 0)
        self._clock.stop()
        while True:
            self._hub.flush()
            await asyncio.sleep(TICK_SECONDS)

    def _publish_until(self, now_us: int) -> bool:
        """Publish what is due; False when the tick's bound came first."""
        for _ in range(EVENTS_PER_TICK):
            if self._next is None or self._next.event_us > now_us:
                return True
            self._exchange.publish(self._next)
            self._next = next(self._events, None)
        return False


async def keep_log(hub: Hub, log: RunLog) -> None:
    """Bring the log up to date several times a second, for ever."""
    while True:
        hub.log_sent()
        log.flush()
        await asyncio.sleep(LOG_INTERVAL_SECONDS)

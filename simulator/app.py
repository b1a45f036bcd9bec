"""One run of the simulator: its parts, put together and served on one port."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from simulator import websocket
from simulator.articles import Articles
from simulator.clock import Clock
from simulator.control import Control
from simulator.cryptopanic import CryptoPanic
from simulator.events import Event
from simulator.exchange import Exchange
from simulator.faults import ActiveFaults
from simulator.feeds import Feeds
from simulator.hub import Hub
from simulator.klines import KlineBook
from simulator.log import RunLog
from simulator.market import market_events, opening_price
from simulator.publisher import Publisher, keep_log
from simulator.rest import RestApi
from simulator.settings import MICROSECONDS, Settings
from simulator.tape import read_tapes, symbols_of

SHUTDOWN_SECONDS = 1.0


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[int]:
    """Serve a run and yield its port; on leaving, everything is closed and the log is complete.

    Raises:
        OSError: the port cannot be listened on.
        LogError: the log directory is not usable.
        TapeError: a tape cannot be played.
    """
    settings, events, books = _market(settings)
    log = RunLog(settings.log_dir)
    hub, faults = Hub(), ActiveFaults()
    clock = Clock(settings.begin_us, settings.speed)
    exchange = Exchange(settings.symbols, books, hub, log, faults)
    app = web.Application()
    websocket.add_routes(app, settings, hub, log)
    RestApi(exchange, clock, faults).add_routes(app)
    Control(clock, exchange, hub, faults).add_routes(app)
    Feeds(settings.start).add_routes(app)
    Articles(settings.start).add_routes(app)
    CryptoPanic(settings.cryptopanic_token, settings.start).add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(Publisher(events, clock, exchange, hub).run()),
                tasks.create_task(keep_log(hub, log)),
            ]
            if not settings.wait_for_start:
                clock.start()
            yield runner.addresses[0][1]
            for task in work:
                task.cancel()
    finally:
        await runner.cleanup()
        log.close()


def _market(settings: Settings) -> tuple[Settings, Iterator[Event], dict[str, KlineBook]]:
    """The run's events in order, its klines, and settings that tell its true symbols and times."""
    if settings.tape:
        return _recorded_market(settings)
    books = {
        symbol: KlineBook(symbol, settings.begin_us, opening_price(symbol)) for symbol in settings.symbols
    }
    return settings, market_events(settings), books


def _recorded_market(settings: Settings) -> tuple[Settings, Iterator[Event], dict[str, KlineBook]]:
    messages = read_tapes(settings.tape)
    begin = datetime.fromtimestamp(messages[0].event_us // MICROSECONDS, UTC)
    return replace(settings, symbols=symbols_of(messages), start=begin, lead_minutes=0), iter(messages), {}

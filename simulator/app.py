"""One run of the simulator: its parts, put together and served on one port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aiohttp import web

from simulator import websocket
from simulator.articles import Articles
from simulator.clock import Clock
from simulator.control import Control
from simulator.cryptopanic import CryptoPanic
from simulator.errors import StartError
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
MAX_ADDRESS_BYTES = 64 * 1024
"""An address may name 1,024 streams."""


@dataclass(frozen=True)
class Run:
    """A run that listens; ``work`` ends only if the market or the log fails."""

    port: int
    work: asyncio.Future[tuple[None, None]]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Run]:
    """Serve a run; on leaving, everything is closed and the log is complete.

    Raises:
        StartError: the port, the log directory or a tape cannot be used.
    """
    settings, events, books = _market(settings)
    with _listen(settings) as listener, closing(RunLog(settings.log_dir)) as log:
        hub, faults = Hub(), ActiveFaults()
        clock = Clock(settings.begin_us, settings.speed, catch_up=settings.catch_up)
        exchange = Exchange(settings.symbols, books, hub, log, faults)
        app = _news_sites(settings)
        websocket.add_routes(app, settings, hub, log)
        RestApi(exchange, clock, faults).add_routes(app)
        Control(clock, exchange, hub, faults).add_routes(app)
        async with _served(app, listener):
            work = asyncio.gather(Publisher(events, clock, exchange, hub).run(), keep_log(hub, log))
            if not settings.wait_for_start:
                clock.start()
            try:
                yield Run(listener.getsockname()[1], work)
            finally:
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work


def _news_sites(settings: Settings) -> web.Application:
    app = web.Application()
    Feeds(settings.start).add_routes(app)
    Articles(settings.start).add_routes(app)
    CryptoPanic(settings.cryptopanic_token, settings.start).add_routes(app)
    return app


@asynccontextmanager
async def _served(app: web.Application, listener: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, max_line_size=MAX_ADDRESS_BYTES
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


def _listen(settings: Settings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        raise StartError(
            f"--port {settings.port}: cannot listen: {error.strerror}; name another one, or 0 for a free one"
        ) from error


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

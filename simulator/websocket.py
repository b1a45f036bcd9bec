"""The WebSocket endpoints of the exchange: ``/ws`` and ``/stream``."""

import asyncio
import contextlib
import time
from collections import deque

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from simulator import subscriptions
from simulator.connection import Connection
from simulator.frames import FrameFormat
from simulator.hub import Hub
from simulator.log import RunLog
from simulator.settings import Settings

MESSAGES_PER_SECOND = 5
CLOSE_SECONDS = 1.0
"""How long a client may take to answer a close frame."""
TIME_UNITS = {"MICROSECOND": True, "microsecond": True, "MILLISECOND": False, "millisecond": False}


def add_routes(app: web.Application, settings: Settings, hub: Hub, log: RunLog) -> None:
    """Serve both endpoints."""
    endpoint = _Endpoint(settings, hub, log)
    app.router.add_get("/stream", endpoint.stream)
    app.router.add_get("/ws", endpoint.ws)
    app.router.add_get("/ws/{streams:.*}", endpoint.ws)
    app.on_shutdown.append(endpoint.close_all)


class _Endpoint:
    def __init__(self, settings: Settings, hub: Hub, log: RunLog) -> None:
        self._settings = settings
        self._hub = hub
        self._log = log
        self._sessions: set[_Session] = set()

    async def close_all(self, app: web.Application) -> None:
        """Say goodbye to every client, as a server does that goes away."""
        goodbyes = [session.close(WSCloseCode.GOING_AWAY, "Server going away") for session in self._sessions]
        await asyncio.gather(*goodbyes)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Combined shape; streams in the query."""
        return await self._serve(request, request.query.get("streams", ""), combined=True)

    async def ws(self, request: web.Request) -> web.StreamResponse:
        """Raw shape; streams in the path."""
        return await self._serve(request, request.match_info.get("streams", ""), combined=False)

    async def _serve(self, request: web.Request, names: str, *, combined: bool) -> web.StreamResponse:
        time_unit = request.query.get("timeUnit", "MILLISECOND")
        if time_unit not in TIME_UNITS:
            allowed = ", ".join(TIME_UNITS)
            raise web.HTTPBadRequest(text=f"timeUnit {time_unit!r} is not known; allowed: {allowed}\n")
        streams = [name for name in names.split("/") if name]
        if len(set(streams)) > subscriptions.MAX_STREAMS:
            raise web.HTTPBadRequest(text=f"at most {subscriptions.MAX_STREAMS} streams on a connection\n")
        socket = web.WebSocketResponse(timeout=CLOSE_SECONDS, autoping=False, compress=False)
        await socket.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return socket
        frame_format = FrameFormat(combined, TIME_UNITS[time_unit])
        connection = Connection(
            self._hub.next_id(), transport, frame_format, self._log, self._settings.send_queue_bytes
        )
        session = _Session(socket, connection, self._settings, self._hub)
        self._sessions.add(session)
        try:
            await session.run(streams)
        finally:
            self._sessions.remove(session)
        return socket


class _Session:
    """One open connection: requests in, pings out."""

    def __init__(
        self, socket: web.WebSocketResponse, connection: Connection, settings: Settings, hub: Hub
    ) -> None:
        self._socket = socket
        self._connection = connection
        self._settings = settings
        self._hub = hub
        self._unanswered: dict[bytes, float] = {}
        self._message_times: deque[float] = deque(maxlen=MESSAGES_PER_SECOND)

    async def run(self, streams: list[str]) -> None:
        """Take part until either side closes."""
        self._hub.subscribe(self._connection, streams)
        self._hub.add(self._connection)
        self._connection.opened()
        pings = asyncio.create_task(self._ping())
        try:
            async for message in self._socket:
                if self._too_many_messages():
                    await self.close(WSCloseCode.POLICY_VIOLATION, "Too many requests")
                    break
                with contextlib.suppress(ConnectionResetError):
                    await self._receive(message)
        finally:
            pings.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionResetError):
                await pings
            self._hub.remove(self._connection)
            self._connection.closed()

    def _too_many_messages(self) -> bool:
        """More than five messages (JSON, ping or pong) within a second."""
        now = time.monotonic()
        times = self._message_times
        exceeded = len(times) == MESSAGES_PER_SECOND and now - times[0] < 1
        times.append(now)
        return exceeded

    async def _receive(self, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            if bytes(message.data) in self._unanswered:
                self._unanswered.clear()
        elif message.type is WSMsgType.TEXT:
            await self._socket.send_str(subscriptions.answer(message.data, self._connection, self._hub))

    async def _ping(self) -> None:
        """Ping with a payload; close when no ping was answered with its own payload in time."""
        while True:
            await asyncio.sleep(self._settings.ping_interval)
            oldest = min(self._unanswered.values(), default=None)
            if oldest is not None and time.monotonic() - oldest >= self._settings.pong_timeout:
                await self.close(WSCloseCode.POLICY_VIOLATION, "Pong timeout")
                return
            payload = str(time.time_ns() // 1_000_000).encode()
            self._unanswered.setdefault(payload, time.monotonic())
            await self._socket.ping(payload)

    async def close(self, code: int, reason: str) -> None:
        """Close in order, with a code and a reason; nothing more is sent."""
        if self._socket.closed:
            return
        self._hub.unsubscribe(self._connection, list(self._connection.streams))
        self._connection.discard_queue()
        self._connection.close_reason = reason
        await self._socket.close(code=code, message=reason.encode())

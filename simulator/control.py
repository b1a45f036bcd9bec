"""The control endpoints, through which a test starts the market, looks at it and orders faults."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.clock import Clock
from simulator.exchange import Exchange
from simulator.faults import ActiveFaults, FaultError, ResetConnections, RestStatus, Withhold, fault_from_json
from simulator.hub import Hub

PREFIX = "/control/"
LIMIT_STATUSES = {418, 429}
INJECTED_RETRY_AFTER = "1"
"""Seconds that an ordered 429 or 418 asks a client to wait; short, so that tests are."""


class Control:
    """Start, status and faults."""

    def __init__(self, clock: Clock, exchange: Exchange, hub: Hub, faults: ActiveFaults) -> None:
        self._clock = clock
        self._exchange = exchange
        self._hub = hub
        self._faults = faults

    def add_routes(self, app: web.Application) -> None:
        """Serve the endpoints, and let ordered statuses fail all others."""
        app.router.add_post("/control/start", self._start)
        app.router.add_get("/control/status", self._status)
        app.router.add_get("/control/faults", self._list_faults)
        app.router.add_post("/control/faults", self._order_fault)
        app.middlewares.append(self._fail_as_ordered())

    async def _start(self, request: web.Request) -> web.Response:
        self._clock.start()
        return web.json_response({"state": self._clock.state})

    async def _status(self, request: web.Request) -> web.Response:
        published = {symbol: len(history) for symbol, history in self._exchange.histories.items()}
        status = {
            "state": self._clock.state,
            "event_time_us": self._clock.now_us(),
            "published": published,
            "connections": len(self._hub.connections),
        }
        return web.json_response(status)

    async def _list_faults(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.as_json()})

    async def _order_fault(self, request: web.Request) -> web.Response:
        try:
            fault = fault_from_json(await request.json())
            if isinstance(fault, ResetConnections):
                self._reset(fault)
            elif isinstance(fault, Withhold | RestStatus):
                self._faults.add(fault)
        except (FaultError, json.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"faults": self._faults.as_json()})

    def _reset(self, fault: ResetConnections) -> None:
        connections = self._hub.connections
        if fault.connection is not None and fault.connection not in connections:
            open_ids = ", ".join(map(str, connections)) or "none"
            raise FaultError(
                f"fault reset_connections: no open connection {fault.connection}; open: {open_ids}"
            )
        for connection_id, connection in connections.items():
            if fault.connection in {None, connection_id}:
                connection.cut("fault reset_connections")

    def _fail_as_ordered(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def middleware(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if request.path.startswith(PREFIX):
                return await handler(request)
            status = self._faults.take_status(request.path)
            return await handler(request) if status is None else _failure(status)

        return middleware


def _failure(status: int) -> web.Response:
    if status in LIMIT_STATUSES:
        body = {"code": -1003, "msg": "Too many requests queued."}
        return web.json_response(body, status=status, headers={"Retry-After": INJECTED_RETRY_AFTER})
    return web.json_response({"code": -1000, "msg": "An unknown error occurred."}, status=status)

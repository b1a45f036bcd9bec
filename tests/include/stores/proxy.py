"""An HTTP proxy in front of an S3 server that goes wrong on demand."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from demo.seaweed import S3Endpoint

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

DROP_ANSWER = "drop answer"
"""The server does what it was asked; the client is never told."""

DROP_REQUEST = "drop request"
"""The server never hears of it."""

Decision = str | int | None
"""One of the above, a status to answer with, or None: pass."""


class FaultProxy:
    """Passes requests on to ``endpoint`` as ``decide(method, path)`` says, while ``open`` is set.

    ``requests`` lists what came, ``held`` is set once a request waits for ``open``.
    """

    def __init__(self, endpoint: S3Endpoint) -> None:
        self.decide: Callable[[str, str], Decision] = lambda method, path: None
        self.ignores_conditions = False
        """Answer as a server does that overwrites whatever stands there."""
        self.open = Event()
        self.open.set()
        self.held = Event()
        self.requests: list[str] = []
        self._target = endpoint.url.removeprefix("http://")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = replace(endpoint, url=f"http://127.0.0.1:{self._server.server_port}")
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, decision: Decision, *, method: str, times: int = 1) -> None:
        """Let the next requests of a method go wrong."""
        left = times

        def decide(asked: str, path: str) -> Decision:
            nonlocal left
            if asked != method or left == 0:
                return None
            left -= 1
            return decision

        self.decide = decide

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(f"{handler.command} {handler.path}")
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if not self.open.is_set():
            self.held.set()
            self.open.wait()
        decision = self.decide(handler.command, handler.path)
        if isinstance(decision, int):
            _answer(handler, decision, [("Content-Length", "0")], b"")
        elif decision == DROP_REQUEST:
            _reset(handler)
        else:
            self._pass_on(handler, body, tell=decision != DROP_ANSWER)

    def _pass_on(self, handler: BaseHTTPRequestHandler, body: bytes, *, tell: bool) -> None:
        server = HTTPConnection(self._target, timeout=30)
        try:
            server.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() != "expect":
                    server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            content = answer.read()
        finally:
            server.close()
        if answer.status == 412 and self.ignores_conditions:
            _answer(handler, 200, [("ETag", '"overwritten"')], b"")
        elif tell:
            headers = [held for held in answer.getheaders() if held[0].lower() != "transfer-encoding"]
            _answer(handler, answer.status, headers, content)
        else:
            _reset(handler)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy.forward(self)

            do_PUT = do_HEAD = do_POST = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@contextmanager
def fault_proxy(endpoint: S3Endpoint) -> Iterator[FaultProxy]:
    proxy = FaultProxy(endpoint)
    try:
        yield proxy
    finally:
        proxy.close()


def _answer(
    handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes
) -> None:
    handler.send_response_only(status)
    for name, value in headers:
        handler.send_header(name, value)
    if "content-length" not in {name.lower() for name, _ in headers}:
        handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    handler.connection.close()
    handler.close_connection = True

"""A web server whose answers a test decides, and documents to serve."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

PARAGRAPH = (
    "The difficulty of mining rose by four percent on Tuesday, the sixth rise in a row, while the fees that "
    "miners earn stayed where they were. Desks in three cities said that spot demand carried the market."
)
"""Long enough to be text rather than the rest of something."""


@dataclass
class Page:
    """An answer. With an ``ETag`` or ``Last-Modified`` header it is 304 to those who have it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer_to(self, request: web.Request) -> web.Response:
        for validator, condition in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
            if validator in self.headers and request.headers.get(condition) == self.headers[validator]:
                return web.Response(status=304)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


class Site:
    """Serves `pages` by path, and remembers what was asked."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self.pages: dict[str, Page] = {}
        self.requests: list[web.BaseRequest] = []

    def url(self, path: str) -> str:
        return str(self._server.make_url(path))

    def serve(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(body, status, {"Content-Type": "text/html", **names})
        return self.url(path)

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        return self.pages.get(request.path, Page(status=404)).answer_to(request)


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    app = web.Application()
    server = TestServer(app)
    site = Site(server)
    app.router.add_get("/{path:.*}", site.answer)
    async with server:
        yield site


def rss(*items: str) -> bytes:
    """An RSS document of ready-made items."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Wire</title><language>en-us</language>{''.join(items)}</channel></rss>"
    ).encode()


def item(number: int, link: str = "http://news.example/{}") -> str:
    """An item with an id, a title, a link and a date of its own."""
    return (
        f'<item><guid isPermaLink="false">id-{number}</guid><title>Story {number}</title>'
        f"<link>{link.format(number)}</link>"
        f"<pubDate>Fri, 28 Aug 2026 10:{number % 60:02}:00 GMT</pubDate></item>"
    )


def article(text: str = PARAGRAPH, title: str = "A story") -> bytes:
    """A page with an article among other things."""
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title}</title></head><body>"
        "<nav><a href='/'>Markets</a><a href='/'>Prices</a></nav>"
        f"<article><h1>{title}</h1><p>{text}</p><p>{text[::-1]}</p></article>"
        "<footer>All rights reserved.</footer></body></html>"
    ).encode()

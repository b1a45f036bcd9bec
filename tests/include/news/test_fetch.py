"""Every way a GET can end is one value."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from include.news import fetch as fetching
from include.news.fetch import Fetched, FetchStatus, fetch, open_session
from tests.include.news.site import Site


async def get(url: str, max_bytes: int = 1_000_000, **headers: str) -> Fetched:
    async with open_session() as session:
        return await fetch(session, url, max_bytes=max_bytes, headers=headers)


async def test_an_answer(site: Site) -> None:
    url = site.serve("/a", b"hello", Content_Type="text/plain", ETag='"1"')
    fetched = await get(url)
    assert (fetched.status, fetched.http_status, fetched.body) == (FetchStatus.OK, 200, b"hello")
    assert fetched.final_url == url
    assert fetched.headers["etag"] == '"1"'
    [request] = site.requests
    assert request.headers["Accept-Encoding"] == "gzip"
    assert request.headers["User-Agent"].startswith("bitcoin-trade-lake/")


async def test_not_modified(site: Site) -> None:
    url = site.serve("/a", b"hello", ETag='"1"')
    fetched = await get(url, **{"If-None-Match": '"1"'})
    assert fetched.status is FetchStatus.NOT_MODIFIED


async def test_an_error_keeps_its_page(site: Site) -> None:
    fetched = await get(site.serve("/a", b"go away", status=403))
    assert (fetched.status, fetched.http_status) == (FetchStatus.HTTP_ERROR, 403)
    assert (fetched.detail, fetched.body) == ("HTTP 403", b"go away")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(site: Site, status: int) -> None:
    target = site.serve("/new", b"here")
    fetched = await get(site.serve("/old", status=status, Location="/new"))
    assert (fetched.status, fetched.final_url, fetched.body) == (FetchStatus.OK, target, b"here")


async def test_redirects_are_bounded(site: Site) -> None:
    fetched = await get(site.serve("/loop", status=302, Location="/loop"))
    assert fetched.status is FetchStatus.UNREACHABLE
    assert fetched.detail == "more than 5 redirects"


async def test_a_large_page_is_left_at_the_limit(site: Site) -> None:
    fetched = await get(site.serve("/a", b"x" * 300_000), max_bytes=100_000)
    assert (fetched.status, len(fetched.body)) == (FetchStatus.TOO_LARGE, 100_000)
    assert (await get(site.serve("/b", b"x" * 100_000), max_bytes=100_000)).status is FetchStatus.OK


async def test_a_gzip_bomb_is_not_unpacked(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    url = site.serve("/bomb", bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        fetched = await get(url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fetched.status is FetchStatus.TOO_LARGE
    assert peak < 30_000_000


async def test_gzip_is_unpacked(site: Site) -> None:
    fetched = await get(site.serve("/a", gzip.compress(b"hello"), Content_Encoding="gzip"))
    assert fetched.body == b"hello"


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_what_cannot_be_unpacked_is_unreachable(site: Site, encoding: str) -> None:
    fetched = await get(site.serve("/a", b"this is neither", Content_Encoding=encoding))
    assert fetched.status is FetchStatus.UNREACHABLE


async def test_a_server_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.3)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    app = web.Application()
    app.router.add_get("/", drip)
    async with TestServer(app) as server:
        fetched = await get(str(server.make_url("/")))
    assert fetched.status is FetchStatus.UNREACHABLE
    assert fetched.detail == "no whole answer within 0.3 s"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{unused_port}/",
        "http://name.invalid/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "not a url",
        "http://[::1",
        "http://",
    ],
)
async def test_an_address_that_leads_nowhere(url: str) -> None:
    url = url.format(unused_port=unused_port())
    fetched = await get(url)
    assert fetched.status is FetchStatus.UNREACHABLE
    assert fetched.detail


async def test_no_query_string_reaches_a_detail(site: Site) -> None:
    fetched = await get(site.serve("/loop", status=302, Location="/loop?key=secret") + "?key=secret")
    assert "secret" not in (fetched.detail or "")

"""A bounded HTTP GET: every way it can end is one value, so that one bad address never stops the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp

USER_AGENT = "bitcoin-trade-lake/0.1"
CONNECT_SECONDS = 10
TOTAL_SECONDS = 30
MAX_REDIRECTS = 5

_CHUNK_BYTES = 65_536


class FetchStatus(StrEnum):
    """How a GET ended."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    HTTP_ERROR = "http_error"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a GET.

    Attributes:
        status: how it ended.
        finished_at: our clock at that moment.
        detail: why, for a person; without query strings, which may hold secrets.
        http_status: the last answer's status code; None where there was no answer.
        final_url: the address after redirects.
        headers: the last answer's, names in any case.
        body: decompressed; at most ``max_bytes``, the beginning only where ``too_large``.
    """

    status: FetchStatus
    finished_at: datetime
    detail: str | None = None
    http_status: int | None = None
    final_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def open_session() -> aiohttp.ClientSession:
    """Open the session that news is fetched with: bounded in time, without cookies, gzip only.

    Other encodings are not asked for: what is not asked for cannot need a decoder that has no bounds.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def fetch(
    session: aiohttp.ClientSession, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None
) -> Fetched:
    """GET a url within bounds.

    Args:
        session: from `open_session`.
        url: an address from a stranger.
        max_bytes: how much to read after decompression; reading stops there.
        headers: further request headers, such as validators.
    """
    try:
        async with session.get(url, headers=headers, max_redirects=MAX_REDIRECTS) as response:
            body, whole = await _read(response, max_bytes)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Fetched(FetchStatus.UNREACHABLE, datetime.now(UTC), _reason(error))
    status, detail = _judge(response.status, whole, max_bytes)
    return Fetched(
        status, datetime.now(UTC), detail, response.status, str(response.url), response.headers, body
    )


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), False
    return bytes(body), True


def _judge(http_status: int, whole: bool, max_bytes: int) -> tuple[FetchStatus, str | None]:
    if http_status == 304:
        return FetchStatus.NOT_MODIFIED, None
    if not 200 <= http_status < 300:
        return FetchStatus.HTTP_ERROR, f"HTTP {http_status}"
    if not whole:
        return FetchStatus.TOO_LARGE, f"more than {max_bytes} bytes"
    return FetchStatus.OK, None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no whole answer within {TOTAL_SECONDS} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return f"more than {MAX_REDIRECTS} redirects"
    return type(error).__name__

"""One article: from a news row to the row with the text behind its url."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import aiohttp
import msgspec

from include.news.extract import Extractor
from include.news.fetch import Fetched, fetch
from include.news.pages import decode_page, judge_page
from include.news.rows import ArticleRow, ArticleStatus, NewsRow
from include.news.text import is_http

MINIMUM_TEXT_CHARS = 120
"""Shorter finds are a cookie notice or the rest of a shield's page (53 to 114 characters measured)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArticleBounds:
    """How much of a page is read, and how much of its text is kept."""

    max_bytes: int = 2_000_000
    max_chars: int = 50_000


@dataclass(frozen=True, slots=True)
class _Find:
    """What was found behind a url."""

    status: ArticleStatus
    detail: str | None = None
    text: str | None = None


class ArticleReader:
    """Fetches pages and extracts their text.

    Args:
        session: from `include.news.fetch.open_session`.
        extractor: the engine.
        executor: where the engine runs, so that extracting one page does not hold up the others' downloads.
        bounds: limits.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        extractor: Extractor,
        executor: Executor,
        bounds: ArticleBounds,
    ) -> None:
        self._session = session
        self._extractor = extractor
        self._executor = executor
        self._bounds = bounds

    async def read(self, news: NewsRow) -> ArticleRow:
        """Return the article's row; every page that has no text is an outcome in it, never an error."""
        if news.url is None or not is_http(news.url):
            return self._row(news, None, _Find(ArticleStatus.NO_URL))
        fetched = await fetch(self._session, news.url, max_bytes=self._bounds.max_bytes)
        loop = asyncio.get_running_loop()
        find = await loop.run_in_executor(self._executor, self._find, fetched, news.url)
        return self._row(news, fetched, find)

    def _find(self, fetched: Fetched, url: str) -> _Find:
        status, detail = judge_page(fetched)
        if status is not ArticleStatus.OK:
            return _Find(status, detail)
        try:
            text = (self._extractor.extract(decode_page(fetched), url) or "").strip()
        except Exception as error:
            # Whatever a stranger's page makes an engine raise is that article's matter, not the others'.
            logger.warning("No text from %s: %s failed", url, self._extractor.name, exc_info=True)
            return _Find(ArticleStatus.EMPTY, f"{self._extractor.name} raised {type(error).__name__}")
        if len(text) < MINIMUM_TEXT_CHARS:
            return _Find(ArticleStatus.EMPTY, f"{len(text)} characters of text")
        return _Find(ArticleStatus.OK, None, text)

    def _row(self, news: NewsRow, fetched: Fetched | None, find: _Find) -> ArticleRow:
        fetched_at = fetched.finished_at if fetched else datetime.now(UTC)
        text = cut(find.text, self._bounds.max_chars) if find.text else None
        facts = msgspec.structs.asdict(news) | {"available_at": max(news.first_seen_at, fetched_at)}
        return ArticleRow(
            **facts,
            fetched_at=fetched_at,
            status=find.status,
            status_detail=find.detail,
            http_status=fetched.http_status if fetched else None,
            final_url=fetched.final_url if fetched else None,
            html_sha256=sha256(fetched.body).hexdigest() if fetched and fetched.body else None,
            text=text,
            text_length_full=len(find.text) if find.text else None,
            truncated=text != find.text,
            extractor=self._extractor.name,
            extractor_version=self._extractor.version,
        )


def cut(text: str, max_chars: int) -> str:
    """Shorten a text to a limit, at the end of a paragraph or sentence where one is near."""
    if len(text) <= max_chars:
        return text
    head = text[:max_chars]
    ends = (head.rfind("\n"), head.rfind(". ") + 1, head.rfind(" "))
    return head[: next((end for end in ends if end > max_chars // 2), max_chars)].rstrip()

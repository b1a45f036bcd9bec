"""Writes the article text that belongs to news objects.

What is to be done is not kept anywhere: it is the difference between two listings. A missed event, a paused
DAG or a killed worker therefore loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from include.errors import InvalidRecord, LostRace
from include.news.articles import ArticleBounds, ArticleReader
from include.news.extract import Extractor
from include.news.fetch import open_session
from include.news.keys import article_key, is_news_key, news_prefix
from include.news.rows import ArticleRow, NewsRow, decode_news, encode_rows
from include.stores.s3 import S3Store

_OBJECTS_AT_ONCE = 4
_PAGES_AT_ONCE = 8

logger = logging.getLogger(__name__)


def unenriched(store: S3Store, sources: Iterable[str], last_day: date, days: int) -> list[str]:
    """List the news objects that have no article text yet, oldest first.

    Args:
        store: the lake's bucket.
        sources: which sources, such as ``RSS``.
        last_day: last day of the keys that are looked at.
        days: how many days up to and with it.
    """
    range_of_days = [last_day - timedelta(days=back) for back in reversed(range(days))]
    prefixes = [news_prefix(source, day) for source in sources for day in range_of_days]
    return sorted(key for prefix in prefixes for key in _without_twin(store, prefix))


def _without_twin(store: S3Store, prefix: str) -> Iterator[str]:
    done = set(store.list_keys(article_key(prefix)))
    return (key for key in store.list_keys(prefix) if is_news_key(key) and article_key(key) not in done)


async def enrich(
    store: S3Store, keys: Sequence[str], extractor: Extractor, bounds: ArticleBounds
) -> Counter[str]:
    """Write the article objects of some news objects; one that fails never stops the others.

    Args:
        store: the lake's bucket.
        keys: news objects; those whose twin stands already are passed over.
        extractor: the engine.
        bounds: limits of a page and of a text.

    Returns:
        How many articles had which status.

    Raises:
        InvalidRecord: some objects do not hold news rows; names them. All others are done.
        StoreError: S3 failed. What was written stands; a retry does the rest.
    """
    async with open_session() as session:
        # One thread: the engines share caches that are not made for several.
        with ThreadPoolExecutor(max_workers=1) as executor:
            reader = ArticleReader(session, extractor, executor, bounds)
            enrichment = _Enrichment(store, reader)
            results = await asyncio.gather(*map(enrichment.enrich, keys), return_exceptions=True)
    return _sum(results)


def _sum(results: Iterable[Counter[str] | BaseException]) -> Counter[str]:
    total: Counter[str] = Counter()
    invalid: list[InvalidRecord] = []
    for result in results:
        if isinstance(result, InvalidRecord):
            invalid.append(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            total += result
    if invalid:
        raise InvalidRecord("; ".join(map(str, invalid)))
    return total


class _Enrichment:
    """Enriches objects, a few at a time."""

    def __init__(self, store: S3Store, reader: ArticleReader) -> None:
        self._store = store
        self._reader = reader
        self._object_turn = asyncio.Semaphore(_OBJECTS_AT_ONCE)
        self._page_turn = asyncio.Semaphore(_PAGES_AT_ONCE)

    async def enrich(self, key: str) -> Counter[str]:
        async with self._object_turn:
            if await asyncio.to_thread(self._store.exists, article_key(key)):
                return Counter()
            news = await asyncio.to_thread(self._store.get, key)
            rows = await asyncio.gather(*(self._article(row) for row in decode_news(news.body, key)))
            await asyncio.to_thread(self._write, article_key(key), rows)
            return Counter(str(row.status) for row in rows)

    async def _article(self, news: NewsRow) -> ArticleRow:
        async with self._page_turn:
            return await self._reader.read(news)

    def _write(self, key: str, rows: Sequence[ArticleRow]) -> None:
        try:
            self._store.replace(key, encode_rows(rows), if_match=None)
        except LostRace:
            # Fetched twice, the same page is not the same bytes: whoever came first is right.
            logger.info("%s was written by another run meanwhile", key)

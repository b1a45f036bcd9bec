"""Article text beside the news, on a real S3 server."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from include.errors import InvalidRecord
from include.news.articles import ArticleBounds
from include.news.enrich import enrich, unenriched
from include.news.extract import extractor_named
from include.news.feeds import Feed
from include.news.keys import NEWS_SOURCES
from include.news.poll import poll_feeds
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.include.news.site import Site, article, item, rss

RUN = datetime(2026, 11, 20, 5, tzinfo=UTC)
NAME = "news-20261120T050000Z-0123456789abcdef.json"


async def news_of(site: Site, store: S3Store, *numbers: int) -> str:
    """Poll a feed of some stories, the odd ones of which have a page; return the object's key."""
    for number in numbers:
        if number % 2:
            site.serve(f"/story/{number}", article(title=f"Story {number}"))
    items = [item(number, site.url("/story/") + "{}") for number in numbers]
    feed = Feed("wire", site.serve("/feed", rss(*items)))
    [report] = await poll_feeds(store, [feed], RUN)
    return report.keys[0]


def todo(store: S3Store, days: int = 3) -> list[str]:
    return unenriched(store, NEWS_SOURCES, date(2026, 11, 20), days)


async def run(store: S3Store, keys: list[str]) -> dict[str, int]:
    return dict(await enrich(store, keys, extractor_named("trafilatura"), ArticleBounds()))


async def test_every_entry_has_its_row_in_the_twin(site: Site, store: S3Store, bucket: Bucket) -> None:
    key = await news_of(site, store, 1, 2, 3)
    assert todo(store) == [key]
    assert await run(store, [key]) == {"ok": 2, "http_error": 1}
    twin = bucket.get("ExtContent" + key.removeprefix("Ext"))
    rows = json.loads(twin)
    assert [(row["title"], row["status"]) for row in rows] == [
        ("Story 1", "ok"),
        ("Story 2", "http_error"),
        ("Story 3", "ok"),
    ]
    assert rows[0]["fetched_at"].endswith("Z")
    assert todo(store) == []


async def test_a_second_run_fetches_and_writes_nothing(site: Site, store: S3Store, bucket: Bucket) -> None:
    key = await news_of(site, store, 1)
    await run(store, [key])
    before, asked = bucket.keys(), len(site.requests)
    assert await run(store, [key]) == {}
    assert (bucket.keys(), len(site.requests)) == (before, asked)


def test_only_news_sources_in_the_range_of_days_are_looked_at(store: S3Store, bucket: Bucket) -> None:
    wanted = [f"Ext/{source}/2026/11/{day}/{NAME}" for source in NEWS_SOURCES for day in (18, 19, 20)]
    others = [
        f"Ext/RSS/2026/11/17/{NAME}",
        f"Ext/RSS/2026/11/21/{NAME}",
        f"Ext/TEST/2026/11/20/{NAME}",
        f"Ext/GLASSNODE/2026/11/20/{NAME}",
        "Ext/RSS/2026/11/20/notes.json",
    ]
    for key in wanted + others:
        bucket.put(key, b"[]")
    assert todo(store) == sorted(wanted)
    assert todo(store, days=1) == [key for key in sorted(wanted) if "/20/" in key]


async def test_a_foreign_object_is_named_and_the_others_are_done(
    site: Site, store: S3Store, bucket: Bucket
) -> None:
    key = await news_of(site, store, 1)
    foreign = f"Ext/RSS/2026/11/20/{NAME}"
    bucket.put(foreign, b'{"rows": []}')
    with pytest.raises(InvalidRecord, match=rf"{foreign} is not a news object"):
        await run(store, [foreign, key])
    assert todo(store) == [foreign]


async def test_two_runs_at_once_leave_one_twin(site: Site, store: S3Store, bucket: Bucket) -> None:
    key = await news_of(site, store, 1)
    await run(store, [key, key, key])
    assert len(bucket.keys("ExtContent/")) == 1
    assert bucket.keys("_conflict/") == []

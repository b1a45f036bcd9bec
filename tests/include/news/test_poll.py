"""Polling feeds into a real S3 server: everything once, whatever dies when."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import unused_port

from include.errors import StoreUnavailable
from include.news.feeds import Feed
from include.news.poll import FeedReport, poll_feeds
from include.news.rows import NewsRow, decode_news
from include.stores.s3 import PutOutcome, S3Store
from tests.conftest import Bucket
from tests.include.news.site import Site, item, rss

RUN = datetime(2026, 11, 20, 5, tzinfo=UTC)
NEXT_RUN = RUN + timedelta(minutes=5)


class Killed(BaseException):
    """The process is gone."""


class DyingStore(S3Store):
    """A store whose process dies at its first news object: before it is written, or just after."""

    def __init__(self, bucket: Bucket, *, after_writing: bool) -> None:
        super().__init__(bucket.client, bucket.name)
        self._after_writing = after_writing

    def put_if_absent(self, key: str, body: bytes, **facts: object) -> PutOutcome:
        if self._after_writing:
            super().put_if_absent(key, body, **facts)  # type: ignore[arg-type]
        raise Killed


def news_keys(bucket: Bucket) -> list[str]:
    return bucket.keys("Ext/RSS/")


def news_rows(bucket: Bucket) -> list[NewsRow]:
    return [row for key in news_keys(bucket) for row in decode_news(bucket.get(key), key)]


def contents(bucket: Bucket) -> dict[str, bytes]:
    keys = bucket.keys()
    return {key: bucket.get(key) for key in keys}


def titles(bucket: Bucket) -> list[str]:
    return sorted(row.title or "" for row in news_rows(bucket))


async def poll_one(store: S3Store, url: str, run_time: datetime = RUN) -> FeedReport:
    [report] = await poll_feeds(store, [Feed("wire", url)], run_time)
    return report


async def test_unseen_entries_only(site: Site, store: S3Store, bucket: Bucket) -> None:
    url = site.serve("/feed", rss(item(1), item(2)))
    first = await poll_one(store, url)
    assert (first.outcome, first.entries, first.failed) == ("ok", 2, False)
    assert news_keys(bucket) == first.keys
    site.serve("/feed", rss(item(3), item(2), item(1)))
    second = await poll_one(store, url, NEXT_RUN)
    assert len(second.keys) == 1
    assert [row.title for row in decode_news(bucket.get(second.keys[0]), "")] == ["Story 3"]
    assert titles(bucket) == ["Story 1", "Story 2", "Story 3"]


@pytest.mark.parametrize(
    "validators", [{}, {"ETag": 'W/"1"'}, {"Last_Modified": "Fri, 28 Aug 2026 10:00:00 GMT"}]
)
async def test_nothing_new_writes_nothing(
    site: Site, store: S3Store, bucket: Bucket, validators: dict[str, str]
) -> None:
    url = site.serve("/feed", rss(item(1)), **validators)
    await poll_one(store, url)
    before = contents(bucket)
    report = await poll_one(store, url, NEXT_RUN)
    assert (report.outcome, report.keys) == ("not_modified", [])
    assert contents(bucket) == before


async def test_validators_are_sent_back_byte_for_byte(site: Site, store: S3Store) -> None:
    url = site.serve("/feed", rss(item(1)), ETag='W/"odd-1"', Last_Modified="fri, 28 aug 2026 10:00:00 gmt")
    await poll_one(store, url)
    await poll_one(store, url, NEXT_RUN)
    assert site.requests[-1].headers["If-None-Match"] == 'W/"odd-1"'
    assert site.requests[-1].headers["If-Modified-Since"] == "fri, 28 aug 2026 10:00:00 gmt"


async def test_a_feed_that_only_moves_its_dates_writes_no_news(
    site: Site, store: S3Store, bucket: Bucket
) -> None:
    url = site.serve("/feed", rss(item(1), item(2)))
    await poll_one(store, url)
    site.serve("/feed", rss(item(2), item(1)))
    report = await poll_one(store, url, NEXT_RUN)
    assert (report.outcome, report.keys) == ("ok", [])
    assert len(news_keys(bucket)) == 1


async def test_the_same_run_again_reads_no_feed_and_names_the_same_object(
    site: Site, store: S3Store, bucket: Bucket
) -> None:
    url = site.serve("/feed", rss(item(1)))
    first = await poll_one(store, url)
    site.serve("/feed", rss(item(1), item(2)))
    again = await poll_one(store, url)
    assert (again.outcome, again.keys) == ("already_polled", first.keys)
    assert news_keys(bucket) == first.keys
    assert len(site.requests) == 1


async def test_one_bad_feed_does_not_stop_the_others(site: Site, store: S3Store, bucket: Bucket) -> None:
    bucket.put("Ext/_state/rss/damaged.json", b"{")
    feeds = [
        Feed("gone", site.serve("/gone", status=410)),
        Feed("away", f"http://127.0.0.1:{unused_port()}/feed"),
        Feed("shielded", site.serve("/shielded", b"<html><title>Just a moment...</title></html>")),
        Feed("empty", site.serve("/empty")),
        Feed("huge", site.serve("/huge", b" " * 15_000_001)),
        Feed("damaged", site.serve("/damaged", rss(item(1)))),
        Feed("refusing", site.serve("/refusing", rss(item(2)), status=403)),
        Feed("good", site.serve("/good", rss(item(3)))),
    ]
    reports = await poll_feeds(store, feeds, RUN)
    assert {report.feed: report.outcome for report in reports} == {
        "gone": "http_error",
        "away": "unreachable",
        "shielded": "not_a_feed",
        "empty": "not_a_feed",
        "huge": "too_large",
        "damaged": "bad_state",
        "refusing": "http_error",
        "good": "ok",
    }
    assert [report.feed for report in reports if not report.failed] == ["good"]
    assert all(report.detail for report in reports if report.failed)
    assert titles(bucket) == ["Story 3"]


async def test_a_broken_document_does_not_hide_what_follows(
    site: Site, store: S3Store, bucket: Bucket
) -> None:
    whole = rss(item(1), item(2))
    url = site.serve("/feed", whole[: whole.index(b"<item>", 300)], ETag='"1"')
    await poll_one(store, url)
    site.serve("/feed", whole, ETag='"1"')
    await poll_one(store, url, NEXT_RUN)
    assert titles(bucket) == ["Story 1", "Story 2"]


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("next_attempt", [RUN, NEXT_RUN])
async def test_a_run_that_died_is_finished_by_the_next_one(
    site: Site, store: S3Store, bucket: Bucket, after_writing: bool, next_attempt: datetime
) -> None:
    url = site.serve("/feed", rss(item(1), item(2)))
    with pytest.raises(Killed):
        await poll_one(DyingStore(bucket, after_writing=after_writing), url)
    assert len(news_keys(bucket)) == after_writing
    site.serve("/feed", rss(item(3), item(2), item(1)))
    report = await poll_one(store, url, next_attempt)
    assert "news-20261120T050000Z" in report.keys[0]
    await poll_one(store, url, NEXT_RUN + timedelta(minutes=5))
    assert titles(bucket) == ["Story 1", "Story 2", "Story 3"]
    runs = Counter(key.split("-")[1] for key in news_keys(bucket))
    assert max(runs.values()) == 1
    assert bucket.keys("_conflict/") == []


async def test_runs_at_the_same_moment_write_everything_once(
    site: Site, store: S3Store, bucket: Bucket
) -> None:
    url = site.serve("/feed", rss(*map(item, range(20))))
    await asyncio.gather(*(poll_one(store, url, RUN + timedelta(minutes=n)) for n in range(4)))
    assert len(news_rows(bucket)) == 20
    assert bucket.keys("_conflict/") == []


async def test_a_store_that_fails_is_an_error_and_loses_nothing(
    site: Site, store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.serve("/feed", rss(item(1)))
    with monkeypatch.context() as away:
        away.setattr(store, "put_if_absent", _unavailable)
        with pytest.raises(StoreUnavailable):
            await poll_one(store, url)
    await poll_one(store, url)
    assert titles(bucket) == ["Story 1"]


def _unavailable(*_: object, **__: object) -> PutOutcome:
    raise StoreUnavailable("S3 is away")

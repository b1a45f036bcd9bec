"""Polls feeds: fetch what changed, take what is unseen, write it once (`include.news.state` says how)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import aiohttp
import msgspec

from include.errors import InvalidRecord
from include.news.entries import FeedDocument, parse_feed
from include.news.feeds import Feed
from include.news.fetch import Fetched, FetchStatus, fetch, open_session
from include.news.keys import feed_state_key, run_text
from include.news.state import (
    FeedState,
    conditions,
    decode_state,
    with_document,
    with_taken,
    without_batches,
)
from include.stores.s3 import S3Store

MAX_FEED_BYTES = 15_000_000
"""After decompression; what miniflux allows."""

_FEEDS_AT_ONCE = 8

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class FeedReport:
    """What a poll of one feed came to.

    Attributes:
        feed: its name.
        outcome: a `FetchStatus`, or ``already_polled``, ``not_a_feed``, ``unreadable`` or ``bad_state``.
        detail: why, for a person.
        entries: entries that the document shows.
        keys: news objects that this poll wrote, or found written by an attempt of the same run.
    """

    feed: str
    outcome: str
    detail: str | None = None
    entries: int = 0
    keys: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the feed could not be read."""
        return self.outcome not in {FetchStatus.OK, FetchStatus.NOT_MODIFIED, "already_polled"}


async def poll_feeds(store: S3Store, feeds: Sequence[Feed], run_time: datetime) -> list[FeedReport]:
    """Poll all feeds at the same time; one that fails never stops the others.

    Args:
        store: the lake's bucket.
        feeds: which feeds.
        run_time: the time of the run: part of the keys, so that a retried run writes the same ones.

    Raises:
        StoreError: S3 failed. Nothing is lost: the same run, or the next one, goes on from there.
    """
    turn = asyncio.Semaphore(_FEEDS_AT_ONCE)

    async def poll(feed: Feed) -> FeedReport:
        async with turn:
            return await _FeedPoll(store, feed, run_time).run(session)

    async with open_session() as session:
        reports = await asyncio.gather(*map(poll, feeds), return_exceptions=True)
    return list(map(_report_or_raise, reports))


def _report_or_raise(report: FeedReport | BaseException) -> FeedReport:
    if isinstance(report, BaseException):
        raise report
    return report


class _FeedPoll:
    """One poll of one feed."""

    def __init__(self, store: S3Store, feed: Feed, run_time: datetime) -> None:
        self._store = store
        self._feed = feed
        self._run_time = run_time
        self._state_key = feed_state_key(feed.name)

    async def run(self, session: aiohttp.ClientSession) -> FeedReport:
        try:
            return await self._run(session)
        except InvalidRecord as error:
            return FeedReport(self._feed.name, "bad_state", str(error))

    async def _run(self, session: aiohttp.ClientSession) -> FeedReport:
        found = await asyncio.to_thread(self._store.find, self._state_key)
        state = decode_state(found.body if found else None, self._state_key)
        keys = await asyncio.to_thread(self._empty_outbox, state)
        if state.last_run == run_text(self._run_time):
            return FeedReport(self._feed.name, "already_polled", keys=_unique([*keys, state.last_key]))
        answer = await fetch(session, self._feed.url, max_bytes=MAX_FEED_BYTES, headers=conditions(state))
        report = await asyncio.to_thread(self._take, answer, state)
        report.keys = _unique([*keys, *report.keys])
        return report

    def _take(self, answer: Fetched, state: FeedState) -> FeedReport:
        name = self._feed.name
        if answer.status is not FetchStatus.OK:
            return FeedReport(name, answer.status, answer.detail)
        if sha256(answer.body).hexdigest() == state.body_sha256:
            return FeedReport(name, FetchStatus.NOT_MODIFIED, "the same bytes")
        try:
            document = self._parse(answer)
        except Exception as error:
            # Whatever a stranger's document makes a parser raise is that feed's matter, not the others'.
            logger.exception("Feed %s cannot be parsed", name)
            return FeedReport(name, "unreadable", f"{type(error).__name__} in the parser")
        if not document.is_feed:
            return FeedReport(name, "not_a_feed", f"{len(answer.body)} bytes of something else")
        return FeedReport(name, FetchStatus.OK, None, len(document.rows), self._commit(answer, document))

    def _parse(self, answer: Fetched) -> FeedDocument:
        return parse_feed(
            answer.body,
            source=self._feed.name,
            url=answer.final_url or self._feed.url,
            content_type=answer.headers.get("Content-Type", ""),
            seen_at=answer.finished_at,
        )

    def _commit(self, answer: Fetched, document: FeedDocument) -> list[str]:
        def change(body: bytes | None) -> bytes:
            state = with_document(
                decode_state(body, self._state_key),
                document,
                answer.body,
                etag=answer.headers.get("ETag"),
                last_modified=answer.headers.get("Last-Modified"),
            )
            return _encode(with_taken(state, document.rows, feed=self._feed.name, run_time=self._run_time))

        stands = self._store.update(self._state_key, change)
        return self._empty_outbox(decode_state(stands.body if stands else None, self._state_key))

    def _empty_outbox(self, state: FeedState) -> list[str]:
        keys = [batch.key for batch in state.outbox]
        for batch in state.outbox:
            self._store.put_if_absent(
                batch.key,
                bytes(batch.body),
                content_type="application/json",
                metadata={"feed": self._feed.name},
            )
        if keys:
            self._store.update(
                self._state_key,
                lambda body: _encode(without_batches(decode_state(body, self._state_key), keys)),
            )
        return keys


def _unique(keys: Iterable[str | None]) -> list[str]:
    return [key for key in dict.fromkeys(keys) if key]


def _encode(state: FeedState) -> bytes:
    return msgspec.json.encode(state)

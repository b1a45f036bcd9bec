"""Each entry is taken once, whatever a feed shows when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InvalidRecord
from include.news.entries import parse_feed
from include.news.rows import NewsRow, decode_news
from include.news.state import SEEN_KEPT, FeedState, conditions, decode_state, with_document, with_taken
from tests.include.news.site import item, rss

RUN = datetime(2026, 11, 20, 5, tzinfo=UTC)


def rows(*numbers: int) -> list[NewsRow]:
    return parse_feed(
        rss(*map(item, numbers)), source="wire", url="http://a.example", content_type="", seen_at=RUN
    ).rows


@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=8), max_size=8))
def test_every_entry_is_taken_exactly_once(documents: list[list[int]]) -> None:
    state = FeedState()
    for number, shown in enumerate(documents):
        state = with_taken(state, rows(*shown), feed="wire", run_time=RUN + timedelta(minutes=number))
    taken = [row.title for batch in state.outbox for row in decode_news(bytes(batch.body), batch.key)]
    assert sorted(taken) == sorted({f"Story {number}" for shown in documents for number in shown})


def test_nothing_unseen_changes_nothing() -> None:
    state = with_taken(FeedState(), rows(1, 2), feed="wire", run_time=RUN)
    assert with_taken(state, rows(2, 1), feed="wire", run_time=RUN + timedelta(minutes=5)) is state


def test_the_memory_is_bounded_but_holds_what_the_feed_shows() -> None:
    old = FeedState(seen=[f"old-{number}" for number in range(SEEN_KEPT + 50)])
    state = with_taken(old, rows(1), feed="wire", run_time=RUN)
    assert len(state.seen) == SEEN_KEPT + 1
    assert state.seen[0] == "old-50"
    assert rows(1)[0].id in state.seen


def test_only_a_whole_document_leaves_validators() -> None:
    body = rss(item(1))
    for document_bytes, expected in (
        (body, {"If-None-Match": '"1"', "If-Modified-Since": "then"}),
        (body[:-20], {}),
    ):
        document = parse_feed(
            document_bytes, source="wire", url="http://a.example", content_type="", seen_at=RUN
        )
        state = with_document(FeedState(), document, body, etag='"1"', last_modified="then")
        assert conditions(state) == expected


def test_a_damaged_state_is_named() -> None:
    with pytest.raises(InvalidRecord, match=r"Ext/_state/rss/wire\.json is not a feed's state"):
        decode_state(b"{", "Ext/_state/rss/wire.json")

"""From a feed's bytes to rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.news.entries import FeedDocument, parse_feed
from include.news.rows import encode_rows
from tests.include.news.site import item, rss

SEEN = datetime(2026, 11, 20, 5, tzinfo=UTC)
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "news" / "feeds"


def parse(body: bytes, content_type: str = "application/xml") -> FeedDocument:
    return parse_feed(
        body, source="wire", url="https://wire.example/feed", content_type=content_type, seen_at=SEEN
    )


def test_an_item_becomes_a_row() -> None:
    [row] = parse(
        rss(
            '<item><guid isPermaLink="false">g-1</guid>'
            "<title>Fees &amp;amp; &lt;b&gt;blocks&lt;/b&gt;</title>"
            "<link>/a/1?utm_source=rss&amp;view=article</link>"
            "<pubDate>Fri, 28 Aug 2026 20:42:54 CEST</pubDate>"
            "<dc:creator>Desk A</dc:creator><dc:creator>Desk B</dc:creator><category>btc</category>"
            "<description>In short.</description></item>"
        )
    ).rows
    assert (row.source, row.title, row.language) == ("wire", "Fees & blocks", "en-us")
    assert row.url == "https://wire.example/a/1?utm_source=rss&view=article"
    assert row.url_canonical == "https://wire.example/a/1?view=article"
    assert row.published_at == datetime(2026, 8, 28, 18, 42, 54, tzinfo=UTC)
    assert (row.published_precision, row.published_source) == ("second", "feed")
    assert row.feed_updated_at is None
    assert row.first_seen_at == row.available_at == SEEN
    assert row.authors == ["Desk A", "Desk B"]
    assert row.raw["published"] == "Fri, 28 Aug 2026 20:42:54 CEST"
    assert len(row.id) == 32


def test_an_unknown_time_is_null_and_stays_in_raw() -> None:
    [row] = parse(rss("<item><guid>g</guid><pubDate>Fri, 28 Aug 2026 20:42:54</pubDate></item>")).rows
    assert (row.published_at, row.published_precision, row.published_source) == (None, None, None)
    assert row.raw["published"] == "Fri, 28 Aug 2026 20:42:54"


def test_atom_with_the_time_of_a_change_only() -> None:
    [row] = parse(
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>t</title>'
        b"<entry><id>e</id><title>T</title>"
        b'<link href="http://wire.example/e"/><updated>2026-08-28T20:42:54Z</updated></entry></feed>'
    ).rows
    assert row.published_at == row.feed_updated_at == datetime(2026, 8, 28, 20, 42, 54, tzinfo=UTC)
    assert (row.published_source, row.language) == ("feed_updated", "de")


def test_an_entry_is_known_by_id_else_link_else_title() -> None:
    entries = [
        item(1),
        "<item><link>http://wire.example/2</link></item>",
        "<item><title>Three</title></item>",
    ]
    first = parse(rss(*entries))
    moved = parse(rss(*reversed(entries)))
    assert len({row.id for row in first.rows}) == 3
    assert {row.id for row in first.rows} == {row.id for row in moved.rows}
    assert parse(rss("<item><description>Nothing to know it by.</description></item>")).unusable == 1


def test_one_id_for_all_entries_is_no_id() -> None:
    entry = "<item><guid isPermaLink='false'>same</guid><link>http://wire.example/{}</link></item>"
    document = parse(rss(entry.format(1), entry.format(2), entry.format(2)))
    assert [row.url for row in document.rows] == ["http://wire.example/1", "http://wire.example/2"]
    assert document.unusable == 1


@pytest.mark.parametrize("body", [b"", b"<html><title>Just a moment...</title></html>", b"{}", b"\x00" * 99])
def test_something_else_is_not_a_feed(body: bytes) -> None:
    document = parse(body, "text/html")
    assert not document.is_feed
    assert document.rows == []


def test_a_document_that_broke_off_gives_what_came_before() -> None:
    document = parse(rss(item(1), item(2))[:-60])
    assert document.is_feed
    assert not document.whole
    assert document.rows[0].title == "Story 1"


def test_a_feed_sent_as_html_is_whole() -> None:
    assert parse(rss(item(1)), "text/html").whole


def test_entities_that_grow_do_no_harm() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{lol}]>'
    bomb = f'{head}<rss version="2.0"><channel><item><title>&l11;</title></item></channel></rss>'
    assert len(encode_rows(parse(bomb.encode()).rows)) < 10_000


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=40), st.binary(max_size=60))
def test_no_entry_breaks_it(title: str, link: str, tail: bytes) -> None:
    head = f"<rss version='2.0'><channel><item><title>{title}</title><link>{link}</link></item>"
    encode_rows(parse(head.encode(errors="replace") + tail).rows)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded feeds are not on this machine")
def test_recorded_feeds_are_read() -> None:
    entries = 0
    for path in sorted(RECORDED.iterdir()):
        if path.suffix not in {".xml", ".rss", ".atom"}:
            continue
        document = parse(path.read_bytes())
        encode_rows(document.rows)
        entries += len(document.rows)
    assert entries > 700

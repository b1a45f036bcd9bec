"""Every page is an outcome, and only an article has text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest
from aiohttp.test_utils import unused_port

from include.news.articles import ArticleBounds, ArticleReader, cut
from include.news.entries import parse_feed
from include.news.extract import extractor_named
from include.news.fetch import open_session
from include.news.rows import ArticleRow, NewsRow
from tests.include.news.site import PARAGRAPH, Site, article, item, rss

SEEN = datetime(2026, 11, 20, 5, tzinfo=UTC)
Read = Callable[..., Awaitable[ArticleRow]]


def news(url: str | None) -> NewsRow:
    [row] = parse_feed(
        rss(item(1)), source="wire", url="http://wire.example/", content_type="", seen_at=SEEN
    ).rows
    return msgspec.structs.replace(row, url=url)


@pytest.fixture
async def read() -> AsyncIterator[Read]:
    """Reads the article behind a url."""
    async with open_session() as session:
        with ThreadPoolExecutor(max_workers=1) as executor:

            async def read_url(url: str | None, bounds: ArticleBounds | None = None) -> ArticleRow:
                extractor = extractor_named("trafilatura")
                reader = ArticleReader(session, extractor, executor, bounds or ArticleBounds())
                return await reader.read(news(url))

            yield read_url


async def test_an_article(site: Site, read: Read) -> None:
    page = article()
    url = site.serve("/a", page, Content_Type="text/html; charset=utf-8")
    row = await read(url)
    assert (row.status, row.status_detail, row.http_status) == ("ok", None, 200)
    assert PARAGRAPH in (row.text or "")
    assert row.text_length_full == len(row.text or "")
    assert not row.truncated
    assert row.final_url == url
    assert row.html_sha256 == sha256(page).hexdigest()
    assert (row.extractor, row.version, row.duplicate_cluster) == ("trafilatura", 1, None)
    assert row.title == "Story 1"


async def test_nobody_had_the_text_before_it_was_fetched(site: Site, read: Read) -> None:
    row = await read(site.serve("/a", article()))
    assert row.first_seen_at == SEEN
    assert row.available_at == max(row.fetched_at, row.first_seen_at)
    assert row.available_at >= row.first_seen_at


async def test_a_row_is_never_available_before_it_was_seen(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr("tests.include.news.test_articles.SEEN", later)
    row = await read(None)
    assert row.available_at == later > row.fetched_at


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        ({"status": 404, "body": article()}, "http_error", "HTTP 404"),
        ({"status": 503, "body": article()}, "http_error", "HTTP 503"),
        ({"status": 403, "body": article()}, "blocked", "HTTP 403"),
        ({"status": 403, "cf_mitigated": "challenge"}, "blocked", "challenge page"),
        ({"body": article(title="Just a moment...")}, "blocked", "challenge page"),
        ({"body": b"%PDF-1.7", "Content_Type": "application/pdf"}, "not_html", "application/pdf"),
        ({"body": b"", "Content_Type": "text/html"}, "empty", "0 characters of text"),
        ({"body": article("Short."), "Content_Type": "text/html"}, "empty", None),
        ({"body": b"<p>" * 800_000, "Content_Type": "text/html"}, "too_large", "more than 2000000 bytes"),
    ],
)
async def test_a_page_without_an_article_is_an_outcome(
    site: Site, read: Read, answer: dict[str, object], status: str, detail: str | None
) -> None:
    row = await read(site.serve("/a", **answer))
    assert row.status == status
    assert detail is None or row.status_detail == detail
    assert (row.text, row.text_length_full, row.truncated) == (None, None, False)


async def test_an_entry_without_an_address(read: Read) -> None:
    for url in (None, "", "mailto:desk@wire.example", "javascript:void(0)"):
        row = await read(url)
        assert (row.status, row.http_status, row.html_sha256) == ("no_url", None, None)


async def test_a_site_that_is_away(read: Read) -> None:
    row = await read(f"http://127.0.0.1:{unused_port()}/a")
    assert (row.status, row.http_status, row.final_url) == ("unreachable", None, None)
    assert "cannot connect" in (row.status_detail or "")


async def test_a_long_text_is_cut_and_its_length_kept(site: Site, read: Read) -> None:
    row = await read(site.serve("/a", article(PARAGRAPH * 10)), ArticleBounds(max_chars=500))
    assert row.truncated
    assert len(row.text or "") <= 500
    assert row.text_length_full is not None
    assert row.text_length_full > 2_000


CYRILLIC = "Сложность добычи выросла во вторник на четыре процента, шестой раз подряд, а сборы не выросли. "


@pytest.mark.parametrize(
    ("charset", "stated"),
    [
        ("utf-8", "text/html; charset=utf-8"),
        ("utf-8", "text/html; charset=no-such-thing"),
        ("windows-1251", "text/html; charset=windows-1251"),
        ("windows-1251", "text/html; charset=utf-8"),
        ("koi8-r", "text/html; charset=KOI8-R"),
        ("utf-16", "text/html"),
    ],
)
async def test_charsets_true_and_false(site: Site, read: Read, charset: str, stated: str) -> None:
    page = article(CYRILLIC * 3 + "\1 end").decode().encode(charset)
    row = await read(site.serve("/a", page, Content_Type=stated))
    assert CYRILLIC in (row.text or "")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("One line.\nAnother line that goes on", 15, "One line."),
        ("One sentence. Another one", 20, "One sentence."),
        ("words without an end", 15, "words without"),
        ("x" * 20, 10, "x" * 10),
    ],
)
def test_a_text_is_cut_where_it_hurts_least(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected

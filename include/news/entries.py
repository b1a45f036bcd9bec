"""Turns a feed's bytes into news rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import feedparser

from include.news.dates import ReadTime, read_time
from include.news.rows import NewsRow
from include.news.text import canonical_url, plain

_HARMLESS = (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)
"""What feedparser marks as ill-formed although the whole document was read."""

_RAW_FIELDS = ("id", "link", "title", "published", "updated", "authors", "summary", "content", "tags")


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A parsed feed.

    Attributes:
        is_feed: false where the bytes are something else, such as a challenge page or nothing at all.
        whole: false where it broke off or is ill-formed; the rows before the fault are still there.
        rows: one for each entry that can be told from the others, in the feed's order.
        unusable: number of entries with neither id, link nor title, or that the feed gives twice.
    """

    is_feed: bool
    whole: bool
    rows: list[NewsRow]
    unusable: int


def parse_feed(body: bytes, *, source: str, url: str, content_type: str, seen_at: datetime) -> FeedDocument:
    """Parse RSS, Atom or RDF.

    Args:
        body: the document, decompressed.
        source: the feed's name.
        url: where it was fetched, after redirects; relative links are resolved against it.
        content_type: of the HTTP answer; may name the charset.
        seen_at: our clock when the document had arrived.
    """
    # In a file object: feedparser opens a string or bytes that look like a path or an address.
    parsed = feedparser.parse(
        BytesIO(body), response_headers={"content-location": url, "content-type": content_type}
    )
    language = parsed.feed.get("language")
    rows = [_row(entry, key, source, language, seen_at) for entry, key in _identified(parsed.entries)]
    unique = {row.id: row for row in reversed(rows)}
    return FeedDocument(
        is_feed=bool(parsed.get("version")) or bool(rows),
        whole=not parsed.bozo or isinstance(parsed.bozo_exception, _HARMLESS),
        rows=list(reversed(unique.values())),
        unusable=len(parsed.entries) - len(unique),
    )


def _identified(entries: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str]]:
    """Pair each entry with what tells it from the others: id, else link, else title and date.

    Feeds exist that give many entries one id: there the link is added.
    """
    entries = list(entries)
    times_given = Counter(entry.get("id") for entry in entries)
    pairs = []
    for entry in entries:
        given, link = entry.get("id"), canonical_url(entry.get("link")) or entry.get("link")
        if given:
            pairs.append((entry, given if times_given[given] == 1 else f"{given}\0{link}"))
        elif link:
            pairs.append((entry, link))
        elif entry.get("title"):
            pairs.append((entry, f"{entry['title']}\0{entry.get('published', '')}"))
    return pairs


def _row(entry: Mapping[str, Any], key: str, source: str, language: str | None, seen_at: datetime) -> NewsRow:
    published, published_source, updated = _times(entry, seen_at)
    return NewsRow(
        id=sha256(f"{source}\0{key}".encode(errors="surrogatepass")).hexdigest()[:32],
        source=source,
        title=plain(entry.get("title")),
        url=entry.get("link") or None,
        url_canonical=canonical_url(entry.get("link")),
        published_at=published.at if published else None,
        published_precision=published.precision if published else None,
        published_source=published_source,
        feed_updated_at=updated.at if updated else None,
        first_seen_at=seen_at,
        available_at=seen_at,
        # Not entry.author: with several creators feedparser keeps the last one there.
        authors=[author["name"] for author in entry.get("authors", []) if author.get("name")],
        language=entry.get("title_detail", {}).get("language") or language or None,
        tickers=[],
        raw={name: entry[name] for name in _RAW_FIELDS if name in entry},
    )


def _times(entry: Mapping[str, Any], now: datetime) -> tuple[ReadTime | None, str | None, ReadTime | None]:
    # Asked with `in`: feedparser answers `published` where a missing `updated` is read.
    updated = read_time(entry["updated"], now) if "updated" in entry else None
    if "published" in entry:
        published = read_time(entry["published"], now)
        return published, "feed" if published else None, updated
    return updated, "feed_updated" if updated else None, updated

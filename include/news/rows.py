"""Rows of news and of article text, and the JSON objects that hold them.

An object is one JSON array of rows, so that DuckDB, pandas and Spark read it without help. Times are UTC,
written as ISO 8601 text with a trailing ``Z``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from include.errors import InvalidRecord


class Precision(StrEnum):
    """How exact ``published_at`` is."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


class ArticleStatus(StrEnum):
    """What came of an article's page. Only ``ok`` has text."""

    OK = "ok"
    HTTP_ERROR = "http_error"
    BLOCKED = "blocked"
    TOO_LARGE = "too_large"
    NOT_HTML = "not_html"
    EMPTY = "empty"
    UNREACHABLE = "unreachable"
    NO_URL = "no_url"


class NewsRow(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news, as a source announced it.

    Attributes:
        id: 32 hex digits, a function of the source and of the identity that it gives the entry.
        source: the feed or service that announced it.
        title: plain text; null where the source gives none.
        url: the page, as the source wrote it; null where there is none.
        url_canonical: without trackers, for comparison between sources; null where the url is not HTTP.
        published_at: when the publisher says it was published. Null when the time or its zone is unknown. Of
            precision ``day`` it is that day's last second, an upper bound: midnight would be look-ahead.
        published_precision: ``second``, ``minute`` or ``day``; null with ``published_at``.
        published_source: ``feed``, or ``feed_updated`` where the feed gives only the time of a change.
        feed_updated_at: when the feed says that it last changed the entry.
        first_seen_at: our clock when we first read it.
        available_at: our clock from which a model may use this row; what joins use.
        authors: names, in the source's order.
        language: BCP 47 tag that the source states; null where it states none.
        tickers: assets that the source itself names as such.
        raw: the source's own fields as they were read, times as the text that it wrote.
    """

    id: str
    source: str
    title: str | None
    url: str | None
    url_canonical: str | None
    published_at: datetime | None
    published_precision: Precision | None
    published_source: str | None
    feed_updated_at: datetime | None
    first_seen_at: datetime
    available_at: datetime
    authors: list[str]
    language: str | None
    tickers: list[str]
    raw: dict[str, Any]


class ArticleRow(NewsRow, frozen=True, kw_only=True):
    """A news row with the text behind its url.

    ``available_at`` is the later of ``first_seen_at`` and ``fetched_at``: before it, nobody had the text.

    Attributes:
        fetched_at: our clock when the page, or the refusal, had arrived.
        status: what came of it.
        status_detail: why, where the status alone does not say it.
        http_status: the last answer's status code; null where there was no answer.
        final_url: the address after redirects.
        html_sha256: SHA-256 of the page's bytes, so that text can be derived again; null without a page.
        text: the article's text, at most ``max_article_chars``; null unless ``ok``.
        text_length_full: its length in characters before the cut.
        truncated: whether it was cut.
        extractor: name of the engine.
        extractor_version: its version.
        duplicate_cluster: null until duplicates are sought.
        version: 1 for the first attempt.
    """

    fetched_at: datetime
    status: ArticleStatus
    status_detail: str | None
    http_status: int | None
    final_url: str | None
    html_sha256: str | None
    text: str | None
    text_length_full: int | None
    truncated: bool
    extractor: str
    extractor_version: str
    duplicate_cluster: str | None = None
    version: int = 1


def encode_rows(rows: Sequence[NewsRow]) -> bytes:
    """Encode rows as one JSON array."""
    return msgspec.json.encode(rows)


def decode_news(body: bytes, key: str) -> list[NewsRow]:
    """Decode a news object.

    Raises:
        InvalidRecord: the object is not a JSON array of news rows; names the key.
    """
    try:
        return msgspec.json.decode(body, type=list[NewsRow])
    except msgspec.DecodeError as error:
        raise InvalidRecord(f"{key} is not a news object: {error}") from error

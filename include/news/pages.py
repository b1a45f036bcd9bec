"""Judges a fetched page before anything looks for an article in it."""

from __future__ import annotations

import re

from bs4.dammit import UnicodeDammit

from include.news.fetch import Fetched, FetchStatus
from include.news.rows import ArticleStatus
from include.news.text import without_controls

_REFUSALS = {401, 402, 403, 407, 451}
_HTML_TYPES = {"", "text/html", "application/xhtml+xml"}
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_CHALLENGE_TITLE = re.compile(
    rb"<title[^>]*>\s*(Just a moment|Attention Required|Access denied|Are you a robot|Please wait\.\.\.|"
    rb"Verifying you are human|DDoS-Guard|Pardon Our Interruption)",
    re.IGNORECASE,
)
"""Titles of the pages that bot shields put before an article."""


def judge_page(fetched: Fetched) -> tuple[ArticleStatus, str | None]:
    """Say whether a page can hold an article; ``ok`` means that it can, the detail says why it cannot."""
    if fetched.status is FetchStatus.UNREACHABLE:
        return ArticleStatus.UNREACHABLE, fetched.detail
    if _is_challenge(fetched):
        return ArticleStatus.BLOCKED, "challenge page"
    if fetched.http_status in _REFUSALS:
        return ArticleStatus.BLOCKED, fetched.detail
    if fetched.status is FetchStatus.TOO_LARGE:
        return ArticleStatus.TOO_LARGE, fetched.detail
    if fetched.status is not FetchStatus.OK:
        return ArticleStatus.HTTP_ERROR, fetched.detail
    media_type = fetched.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in _HTML_TYPES:
        return ArticleStatus.NOT_HTML, media_type
    return ArticleStatus.OK, None


def decode_page(fetched: Fetched) -> str:
    """Decode a page: byte order mark, the header's charset, the page's own, then the bytes' likeness.

    A charset that does not fit the bytes is passed over. Control characters are dropped.
    """
    stated = _CHARSET.search(fetched.headers.get("Content-Type", ""))
    decoded = UnicodeDammit(fetched.body, [stated[1]] if stated else [], is_html=True)
    text = decoded.unicode_markup
    return without_controls(fetched.body.decode("utf-8", "replace") if text is None else text)


def _is_challenge(fetched: Fetched) -> bool:
    mitigated = fetched.headers.get("cf-mitigated", "").lower() == "challenge"
    return mitigated or _CHALLENGE_TITLE.search(fetched.body[:4096]) is not None

"""Small rules for text and addresses that come from strangers."""

from __future__ import annotations

from urllib.parse import urlsplit

import courlan
from bs4 import BeautifulSoup

_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


def without_controls(text: str) -> str:
    """Drop NUL and other control characters, which no XML library accepts."""
    return text.translate(_CONTROLS)


def plain(markup: str | None) -> str | None:
    """Turn a short piece of HTML into one line of text; None where nothing is left."""
    words = without_controls(markup or "").split()
    if not words:
        return None
    return " ".join(BeautifulSoup(f"<p>{' '.join(words)}</p>", "html.parser").get_text().split()) or None


def canonical_url(url: str | None) -> str | None:
    """Drop trackers and default parts of an address, so that two sources' links compare equal.

    Returns:
        None where it is not an HTTP address.
    """
    if url is None or not is_http(url):
        return None
    return courlan.clean_url(url)


def is_http(url: str) -> bool:
    """Say whether an address is HTTP or HTTPS and names a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)

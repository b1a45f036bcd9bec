"""The engines that find an article's text in a page. Each is imported only where it is used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Protocol


class Extractor(Protocol):
    """Finds the text of an article.

    Attributes:
        name: as `extractor_named` knows it.
        version: of the engine; stands in every row, so that text can be derived again when it changes.
    """

    name: str
    version: str

    def extract(self, page: str, url: str) -> str | None:
        """Return the article's text, or None where there is none. May raise whatever a hostile page provokes.

        Args:
            page: HTML, decoded.
            url: where it was found.
        """


@contextmanager
def _without_parts_we_do_not_use() -> Iterator[None]:
    # On import the engines miss packages for their own downloads and summaries, and say so each time.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SOCKS support|nltk is not installed")
        yield


class TrafilaturaExtractor:
    """trafilatura: the best of the measured engines, and the fastest of the good ones."""

    name = "trafilatura"

    def __init__(self) -> None:
        with _without_parts_we_do_not_use():
            import trafilatura

        self.version = version("trafilatura")
        self._extract = trafilatura.extract

    def extract(self, page: str, url: str) -> str | None:
        """Return the article's text without comments."""
        text: str | None = self._extract(page, url=url, include_comments=False)
        return text


class NewspaperExtractor:
    """newspaper4k, the maintained heir of newspaper3k, which no longer imports on a new machine."""

    name = "newspaper"

    def __init__(self) -> None:
        with _without_parts_we_do_not_use():
            from newspaper import Article

        self.version = version("newspaper4k")
        self._article = Article

    def extract(self, page: str, url: str) -> str | None:
        """Return the article's text; pictures are not fetched.

        The language is set because a page's own claim makes newspaper import packages that are not there;
        ``max_text`` because it would silently cut at 100,000 characters, and we record what is cut.
        """
        article = self._article(url, fetch_images=False, language="en", max_text=len(page))
        article.download(input_html=page)
        article.parse()
        return article.text or None


EXTRACTORS: dict[str, type[TrafilaturaExtractor] | type[NewspaperExtractor]] = {
    TrafilaturaExtractor.name: TrafilaturaExtractor,
    NewspaperExtractor.name: NewspaperExtractor,
}
"""Engines by the name that the setting ``article_extractor`` gives."""


def extractor_named(name: str) -> Extractor:
    """Build an engine; raise ``KeyError`` for a name that is not in `EXTRACTORS`."""
    return EXTRACTORS[name]()

"""The engines, each on the same page."""

from __future__ import annotations

import pytest

from include.news.extract import EXTRACTORS, extractor_named
from tests.include.news.site import PARAGRAPH, article


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_engine_finds_the_text_and_nothing_else(name: str) -> None:
    extractor = extractor_named(name)
    text = extractor.extract(article().decode(), "http://news.example/a")
    assert text is not None
    assert PARAGRAPH in text
    assert "All rights reserved" not in text
    assert extractor.name == name
    assert extractor.version[0].isdigit()


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_engine_does_not_cut(name: str) -> None:
    body = "</p><p>".join(f"{number}. {PARAGRAPH}" for number in range(800))
    text = extractor_named(name).extract(article(body).decode(), "http://news.example/a")
    assert text is not None
    assert "799. The difficulty" in text

"""Settings of the news DAGs, in the same section as the others (`tradelake.settings`)."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk.configuration import conf

from include.errors import SettingsError
from tradelake.settings import SECTION

EXTRACTOR_NAMES = ("trafilatura", "newspaper")


@dataclass(frozen=True, slots=True)
class NewsSettings:
    """What the news DAGs may be told.

    Attributes:
        article_extractor: the engine that finds an article's text.
        max_article_bytes: how much of a page is read, after decompression.
        max_article_chars: how much of its text is kept.
    """

    article_extractor: str
    max_article_bytes: int
    max_article_chars: int


def news_settings() -> NewsSettings:
    """Read the section.

    Raises:
        SettingsError: a value is not allowed; names the variable, the value and what is allowed.
    """
    return NewsSettings(
        article_extractor=_extractor(),
        max_article_bytes=_positive("max_article_bytes", 2_000_000),
        max_article_chars=_positive("max_article_chars", 50_000),
    )


def _extractor() -> str:
    name: str = conf.get(SECTION, "article_extractor", fallback=EXTRACTOR_NAMES[0])
    if name not in EXTRACTOR_NAMES:
        raise SettingsError(_variable("article_extractor"), name, f"one of {', '.join(EXTRACTOR_NAMES)}")
    return name


def _positive(name: str, fallback: int) -> int:
    text = conf.get(SECTION, name, fallback=str(fallback))
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(_variable(name), text, "a whole number, at least 1")
    return int(text)


def _variable(name: str) -> str:
    return f"AIRFLOW__{SECTION.upper()}__{name.upper()}"

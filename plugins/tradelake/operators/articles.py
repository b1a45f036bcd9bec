"""Finds news without article text, and gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from include.news.keys import NEWS_SOURCES
from tradelake.news_settings import news_settings
from tradelake.operators.lake import LakeOperator
from tradelake.run_time import run_time

MAX_BATCHES = 20
"""Airflow starts about one task a second: work is mapped over batches, never over objects."""

_OBJECTS_WORTH_A_TASK = 25


class FindArticlesOperator(LakeOperator):
    """List the news objects that have no article text yet, in batches to map over.

    :param days: how many days of keys to look at (templated).
    :param until: the last of these days, such as ``2026-01-31`` (templated); empty: the day of the run.
    :param sources: the sources whose objects are looked at.
    """

    template_fields: Sequence[str] = (*LakeOperator.template_fields, "days", "until", "sources")

    def __init__(
        self,
        *,
        days: int | str = 3,
        until: str = "",
        sources: Sequence[str] = NEWS_SOURCES,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.days = days
        self.until = until
        self.sources = sources

    def execute(self, context: Context) -> list[list[str]]:
        """Return at most ``MAX_BATCHES`` lists of keys."""
        from include.news.enrich import unenriched

        last_day = date.fromisoformat(self.until) if self.until else run_time(context).date()
        keys = unenriched(self.store, self.sources, last_day, int(self.days))
        self.log.info("%d news objects up to %s have no article text yet", len(keys), last_day)
        return in_batches(keys)


class EnrichArticlesOperator(LakeOperator):
    """Fetch the articles of some news objects, extract their text and write it beside them.

    :param keys: news objects (templated).
    """

    template_fields: Sequence[str] = (*LakeOperator.template_fields, "keys")

    def __init__(self, *, keys: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys = keys

    def execute(self, context: Context) -> dict[str, int]:
        """Return how many articles had which status."""
        from include.news.articles import ArticleBounds
        from include.news.enrich import enrich
        from include.news.extract import extractor_named

        chosen = news_settings()
        bounds = ArticleBounds(chosen.max_article_bytes, chosen.max_article_chars)
        extractor = extractor_named(chosen.article_extractor)
        statuses = asyncio.run(enrich(self.store, self.keys, extractor, bounds))
        self.log.info("%d objects: %s", len(self.keys), dict(statuses) or "nothing left to do")
        return dict(statuses)


def in_batches(keys: Sequence[str]) -> list[list[str]]:
    """Split keys into at most ``MAX_BATCHES`` batches, each worth the start of a task."""
    size = max(_OBJECTS_WORTH_A_TASK, -(-len(keys) // MAX_BATCHES))
    return [list(keys[start : start + size]) for start in range(0, len(keys), size)]

"""Finds news without article text, and gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator, Context

from include.news.keys import NEWS_SOURCES
from tradelake.news_settings import news_settings
from tradelake.run_time import run_time

MAX_BATCHES = 20
"""Airflow starts about one task a second: work is mapped over batches, never over objects."""

_OBJECTS_WORTH_A_TASK = 25


class FindArticlesOperator(BaseOperator):
    """List the news objects that have no article text yet, in batches to map over.

    :param bucket: the lake's bucket (templated).
    :param days: how many days of keys to look at (templated).
    :param until: the last of these days, such as ``2026-01-31`` (templated); empty: the day of the run.
    :param sources: the sources whose objects are looked at.
    :param aws_conn_id: the Airflow connection to S3.
    """

    template_fields: Sequence[str] = ("bucket", "days", "until", "sources", "aws_conn_id")

    def __init__(
        self,
        *,
        bucket: str,
        days: int | str = 3,
        until: str = "",
        sources: Sequence[str] = NEWS_SOURCES,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.days = days
        self.until = until
        self.sources = sources
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> list[list[str]]:
        """Return at most ``MAX_BATCHES`` lists of keys."""
        from include.news.enrich import unenriched
        from tradelake.hooks.lake import LakeHook

        last_day = date.fromisoformat(self.until) if self.until else run_time(context).date()
        store = LakeHook(self.aws_conn_id, self.bucket).store
        keys = unenriched(store, self.sources, last_day, int(self.days))
        self.log.info("%d news objects up to %s have no article text yet", len(keys), last_day)
        return in_batches(keys)


class EnrichArticlesOperator(BaseOperator):
    """Fetch the articles of some news objects, extract their text and write it beside them.

    :param bucket: the lake's bucket (templated).
    :param keys: news objects (templated).
    :param aws_conn_id: the Airflow connection to S3.
    """

    template_fields: Sequence[str] = ("bucket", "keys", "aws_conn_id")

    def __init__(
        self, *, bucket: str, keys: Sequence[str], aws_conn_id: str = "aws_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.keys = keys
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Return how many articles had which status."""
        from include.news.articles import ArticleBounds
        from include.news.enrich import enrich
        from include.news.extract import extractor_named
        from tradelake.hooks.lake import LakeHook

        chosen = news_settings()
        bounds = ArticleBounds(chosen.max_article_bytes, chosen.max_article_chars)
        store = LakeHook(self.aws_conn_id, self.bucket).store
        statuses = asyncio.run(enrich(store, self.keys, extractor_named(chosen.article_extractor), bounds))
        self.log.info("%d objects: %s", len(self.keys), dict(statuses) or "nothing left to do")
        return dict(statuses)


def in_batches(keys: Sequence[str]) -> list[list[str]]:
    """Split keys into at most ``MAX_BATCHES`` batches, each worth the start of a task."""
    size = max(_OBJECTS_WORTH_A_TASK, -(-len(keys) // MAX_BATCHES))
    return [list(keys[start : start + size]) for start in range(0, len(keys), size)]

"""Keys of the news half (``docs/data-contract.md``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256

NEWS_SOURCES = ("RSS", "CRYPTOPANIC", "NEWSAPI")
"""Sources whose objects hold news rows with urls. Never TEST, on-chain or social data."""

_NEWS_NAME = re.compile(r"news-\d{8}T\d{6}Z-[0-9a-f]{16}\.json")


def run_text(run_time: datetime) -> str:
    """Write the time of a run as it stands in keys, such as ``20260131T060000Z``."""
    return run_time.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def heartbeat_key(run_time: datetime) -> str:
    """Key of a run's heartbeat."""
    return f"Ext/TEST/{_day(run_time)}/{run_text(run_time)}-News.json"


def news_key(source: str, run_time: datetime, feed: str, entry_ids: Iterable[str]) -> str:
    """Key of what one run newly found in one feed: a function of both and of the entries' ids.

    Args:
        source: ``RSS``, ``CRYPTOPANIC``, ...
        run_time: the time of the run, never the present.
        feed: the feed's name.
        entry_ids: ids of the rows, in any order.
    """
    digest = sha256("\n".join([feed, *sorted(entry_ids)]).encode()).hexdigest()[:16]
    return f"Ext/{source}/{_day(run_time)}/news-{run_text(run_time)}-{digest}.json"


def news_prefix(source: str, day: date) -> str:
    """Prefix of a source's news objects of one day."""
    return f"Ext/{source}/{_day(day)}/"


def is_news_key(key: str) -> bool:
    """Say whether a key names a news object of any source."""
    return _NEWS_NAME.fullmatch(key.rpartition("/")[2]) is not None


def article_key(key_of_news: str) -> str:
    """Key of the article text that belongs to a news object: its twin, of the same name."""
    return "ExtContent/" + key_of_news.removeprefix("Ext/")


def feed_state_key(feed: str) -> str:
    """Key of a feed's validators and seen ids."""
    return f"Ext/_state/rss/{feed}.json"


def _day(moment: date) -> str:
    day = moment.astimezone(UTC) if isinstance(moment, datetime) else moment
    return day.strftime("%Y/%m/%d")

"""Keys of the news half."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from include.news import keys

RUN = datetime(2026, 1, 31, 23, 5, tzinfo=UTC)


def test_keys_follow_the_data_contract() -> None:
    key = keys.news_key("RSS", RUN, "coindesk", ["b", "a"])
    assert key.startswith("Ext/RSS/2026/01/31/news-20260131T230500Z-")
    assert keys.is_news_key(key)
    assert keys.article_key(key) == key.replace("Ext/", "ExtContent/", 1)
    assert keys.news_prefix("RSS", date(2026, 1, 31)) == "Ext/RSS/2026/01/31/"
    assert keys.heartbeat_key(RUN) == "Ext/TEST/2026/01/31/20260131T230500Z-News.json"
    assert keys.feed_state_key("coindesk") == "Ext/_state/rss/coindesk.json"


def test_a_key_is_a_function_of_the_run_the_feed_and_the_entries() -> None:
    key = keys.news_key("RSS", RUN, "coindesk", ["a", "b"])
    assert key == keys.news_key("RSS", RUN, "coindesk", ["b", "a"])
    assert key != keys.news_key("RSS", RUN, "decrypt", ["a", "b"])
    assert key != keys.news_key("RSS", RUN, "coindesk", ["a"])
    assert key != keys.news_key("RSS", RUN + timedelta(minutes=5), "coindesk", ["a", "b"])


def test_keys_are_in_utc_whatever_the_clock_says() -> None:
    elsewhere = RUN.astimezone(timezone(timedelta(hours=9)))
    assert keys.heartbeat_key(elsewhere) == keys.heartbeat_key(RUN)


def test_other_objects_are_not_news() -> None:
    for name in (
        "news-20260131T230500Z-0123456789abcdef.v2.json",
        "20260131T230500Z-News.json",
        "_state.json",
    ):
        assert not keys.is_news_key(f"Ext/RSS/2026/01/31/{name}")

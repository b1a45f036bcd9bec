"""The lake's assets: events are doorbells, S3 is the truth."""

from __future__ import annotations

from airflow.sdk import Asset

TRADES_HOUR = Asset("trades_hour")
"""An hour of trades, of all symbols. Partition key: ``tradelake.partitions``."""

NEWS_RAW = Asset("news_raw")
"""News objects were written. The event's extra lists their keys."""

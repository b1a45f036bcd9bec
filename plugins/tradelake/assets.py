"""The lake's assets: events are doorbells, S3 is the truth."""

from __future__ import annotations

from airflow.sdk import Asset

NEWS_RAW = Asset("news_raw")
"""News objects were written. The event's extra lists their keys."""

"""Proves that the lake can be written and read: the smallest news object there is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from include.errors import StoreError
from include.news.keys import heartbeat_key, run_text
from include.stores.s3 import S3Store


def beat(store: S3Store, run_time: datetime) -> str:
    """Write a run's heartbeat and read it back.

    Args:
        store: the lake's bucket.
        run_time: the time of the run; the same run writes the same bytes under the same key.

    Returns:
        Its key.

    Raises:
        StoreError: it could not be written, or what was read is not what was written.
    """
    key = heartbeat_key(run_time)
    body = msgspec.json.encode({"kind": "heartbeat", "run_time": run_text(run_time)})
    store.put_if_absent(key, body, content_type="application/json")
    if store.get(key).body != body:
        raise StoreError(f"s3://{store.bucket}/{key} was written, but other bytes were read back")
    return key

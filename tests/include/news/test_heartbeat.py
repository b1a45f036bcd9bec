"""The heartbeat, on a real S3 server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.errors import ContentConflict
from include.news.heartbeat import beat
from include.stores.s3 import S3Store
from tests.conftest import Bucket

RUN = datetime(2026, 1, 31, 6, tzinfo=UTC)


def test_the_same_run_writes_the_same_object(store: S3Store, bucket: Bucket) -> None:
    key = beat(store, RUN)
    assert beat(store, RUN) == key
    assert bucket.keys() == [key]


def test_something_else_at_its_key_is_an_error(store: S3Store, bucket: Bucket) -> None:
    bucket.put("Ext/TEST/2026/01/31/20260131T060000Z-News.json", b"{}")
    with pytest.raises(ContentConflict, match="20260131T060000Z"):
        beat(store, RUN)

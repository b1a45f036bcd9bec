"""Buckets that are given back: SeaweedFS keeps a volume for each, and has fewer than a hundred of them."""

from collections.abc import Iterator

import pytest

from tests.conftest import Bucket


@pytest.fixture
def bucket(bucket: Bucket) -> Iterator[Bucket]:
    """The bucket of ``tests/conftest.py``, deleted after the test."""
    yield bucket
    keys = bucket.keys()
    for start in range(0, len(keys), 1000):
        listed = [{"Key": key} for key in keys[start : start + 1000]]
        bucket.client.delete_objects(Bucket=bucket.name, Delete={"Objects": listed})
    bucket.client.delete_bucket(Bucket=bucket.name)

"""Fixtures of the news tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.include.news.site import Site, serving


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A web server whose answers the test decides."""
    async with serving() as site:
        yield site


@pytest.fixture
def store(bucket: Bucket) -> S3Store:
    """The lake's store on a bucket of the test's own."""
    return S3Store(bucket.client, bucket.name)

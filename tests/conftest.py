"""Fixtures that every test may ask for: a real S3 server, and a bucket of one's own on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from demo.seaweed import S3Endpoint, seaweed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

settings.register_profile("lake", deadline=None)  # how long an example takes says nothing on a shared machine
settings.load_profile("lake")


@dataclass(frozen=True)
class Bucket:
    """A new, empty bucket: its name, a boto3 client for it, and the server it lies on.

    `bucket.endpoint.environment()` gives the AWS variables for a child process.
    """

    name: str
    client: S3Client
    endpoint: S3Endpoint

    def put(self, key: str, body: bytes) -> None:
        """Put one object, whatever is there."""
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        """Return one object's bytes."""
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def keys(self, prefix: str = "") -> list[str]:
        """Return all keys below `prefix`, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Endpoint]:
    """One SeaweedFS for the whole test session, started by the first test that asks for it."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_server: S3Endpoint) -> Bucket:
    """A fresh bucket for one test. Its name is never used again; the server's data goes with the session."""
    name, client = f"test-{uuid.uuid4().hex[:16]}", s3_server.client()
    client.create_bucket(Bucket=name)
    return Bucket(name, client, s3_server)

"""An S3 bucket with the conditional writes that the lake is built on.

Rules (``docs/data-contract.md``): objects whose key is a function of their content are put with
``If-None-Match: *``; shared objects change by compare-and-swap (``If-Match``). A ``412`` on our own retried
request means nothing by itself: every client re-sends a PUT whose answer was lost, and is then told that
"someone else" won. It is resolved by ``HEAD`` and a comparison of ``content_sha256``.
A ``409`` decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from include.errors import ContentConflict, LostRace, ObjectMissing, WriteInFlight
from include.stores.faults import translated

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

CONTENT_SHA256 = "content_sha256"
"""Name of the user metadata by which two writers recognise the same content."""

_ATTEMPTS = 20


def _again_on(*errors: type[Exception]) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(errors),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        reraise=True,
    )


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was read."""

    key: str
    body: bytes
    etag: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """What a put-if-absent came to.

    ``created`` is false where the same content already stood there; ``etag`` and ``metadata`` are those
    of the object that stands, whoever wrote it.
    """

    key: str
    etag: str
    metadata: Mapping[str, str]
    created: bool


class S3Store:
    """One bucket.

    Args:
        client: a boto3 S3 client; its own retries cover time-outs, throttling and server errors.
        bucket: the bucket's name.

    Every method raises the ``StoreError`` that fits (``include/errors.py``), never a client's own exception.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def check(self) -> None:
        """Raise a ``StoreError`` unless the bucket can be reached and listed."""
        with translated(self.bucket):
            self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)

    def get(self, key: str) -> StoredObject:
        """Read an object, or raise ``ObjectMissing``."""
        with translated(self.bucket, key):
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            return StoredObject(key, answer["Body"].read(), answer["ETag"], answer["Metadata"])

    def find(self, key: str) -> StoredObject | None:
        """Read an object, or return None where there is none."""
        try:
            return self.get(key)
        except ObjectMissing:
            return None

    def exists(self, key: str) -> bool:
        """Say whether an object stands at the key."""
        return self._head(key) is not None

    def put_if_absent(
        self,
        key: str,
        body: bytes,
        *,
        content_sha256: str | None = None,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> PutOutcome:
        """Create an object, or recognise that the same content already stands there.

        Args:
            key: the key, a function of the content.
            body: the bytes.
            content_sha256: identity of the content; default: SHA-256 of the bytes. Two writers may differ in
                bytes (their own clocks) and still hold the same content.
            content_type: media type.
            metadata: further user metadata.

        Raises:
            ContentConflict: another content stands there. Ours is kept under ``_conflict/``.
        """
        identity = content_sha256 or sha256(body).hexdigest()
        facts = {**(metadata or {}), CONTENT_SHA256: identity}
        return _again_on(WriteInFlight)(self._create_once, key, body, content_type, facts)

    def replace(
        self, key: str, body: bytes, *, if_match: str | None, content_type: str = "application/json"
    ) -> str:
        """Write an object that changes, by compare-and-swap.

        Args:
            key: the key.
            body: the new bytes.
            if_match: the ETag that was read, or None where there was no object.
            content_type: media type.

        Returns:
            The new ETag.

        Raises:
            LostRace: somebody else wrote in between (or our own request, whose answer was lost): read again.
        """
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        return self._put(key, body, content_type, {}, condition)

    def update(self, key: str, change: Callable[[bytes | None], bytes | None]) -> StoredObject | None:
        """Read, change and compare-and-swap until it holds.

        Args:
            key: the key.
            change: gets the present bytes (None: no object), returns the new ones; None or equal bytes:
                write nothing.

        Returns:
            The object as it now stands.
        """
        return _again_on(LostRace, WriteInFlight)(self._update_once, key, change)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix. Their order differs between S3 servers: never rely on it."""
        pages = self._client.get_paginator("list_objects_v2")
        with translated(self.bucket, prefix):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", []))

    def _create_once(self, key: str, body: bytes, content_type: str, facts: Mapping[str, str]) -> PutOutcome:
        try:
            etag = self._put(key, body, content_type, facts, {"IfNoneMatch": "*"})
        except LostRace:
            return self._recognise(key, body, content_type, facts)
        return PutOutcome(key, etag, facts, created=True)

    def _update_once(self, key: str, change: Callable[[bytes | None], bytes | None]) -> StoredObject | None:
        found = self.find(key)
        body = change(found.body if found else None)
        if body is None or (found and body == found.body):
            return found
        etag = self.replace(key, body, if_match=found.etag if found else None)
        return StoredObject(key, body, etag, {})

    def _put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        metadata: Mapping[str, str],
        condition: Mapping[str, Any],
    ) -> str:
        with translated(self.bucket, key):
            answer = self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                Metadata=dict(metadata),
                **condition,
            )
            return answer["ETag"]

    def _head(self, key: str) -> tuple[str, Mapping[str, str]] | None:
        try:
            with translated(self.bucket, key):
                answer = self._client.head_object(Bucket=self.bucket, Key=key)
        except ObjectMissing:
            return None
        return answer["ETag"], answer["Metadata"]

    def _recognise(self, key: str, body: bytes, content_type: str, facts: Mapping[str, str]) -> PutOutcome:
        held = self._head(key)
        if held is None:
            raise WriteInFlight(f"{key} was refused as existing, yet is not there: try again")
        etag, metadata = held
        if metadata.get(CONTENT_SHA256) == facts[CONTENT_SHA256]:
            return PutOutcome(key, etag, metadata, created=False)
        conflict_key = f"_conflict/{key}.{sha256(body).hexdigest()[:16]}"
        self._put(conflict_key, body, content_type, facts, {})
        raise ContentConflict(key, conflict_key)

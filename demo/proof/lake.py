"""The lake as its manifests describe it, read with plain S3 requests."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from demo.proof.section import BadInput, BrokenLake, Span

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_MANIFEST = "/_manifest.json"
_READERS = 8
_Document = TypeVar("_Document")


class ListedObject(msgspec.Struct, frozen=True):
    """An object of trades as a manifest lists it."""

    key: str
    rows: int
    first_id: int
    last_id: int
    sha256: str


class _Content(msgspec.Struct, frozen=True):
    """What the proof reads of a manifest."""

    condition: str
    count: int
    intervals: tuple[Span, ...]
    objects: tuple[ListedObject, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A minute's manifest, with the ETag that it has now."""

    key: str
    etag: str
    minute: datetime
    condition: str
    count: int
    intervals: tuple[Span, ...]
    objects: tuple[ListedObject, ...]


class Lake:
    """The trades of one symbol, and the news, in one bucket. Reads only."""

    def __init__(self, client: S3Client, bucket: str, data_source: str, symbol: str) -> None:
        self._client = client
        self.bucket = bucket
        self.symbol = symbol
        self.prefix = f"{data_source}/{symbol}/"

    def url(self, key: str) -> str:
        """Return the address of an object."""
        return f"s3://{self.bucket}/{key}"

    def hour_prefix(self, hour: datetime) -> str:
        """Return the prefix of an hour of trades."""
        return f"{self.prefix}{hour:%Y/%m/%d/%H}/"

    def keys(self, prefix: str) -> list[str]:
        """Return all keys below `prefix`, sorted.

        Raises:
            BadInput: the server cannot be reached, or refuses.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            raise BadInput(f"cannot list s3://{self.bucket}/{prefix}: {error}") from error

    def body(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and ETag; None when there is no such object."""
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        return answer["Body"].read(), answer["ETag"].strip('"')

    def document(self, key: str, kind: type[_Document]) -> _Document | None:
        """Return a JSON document; None when there is no such key.

        Raises:
            BrokenLake: it is not JSON, or lacks a field, or has one of another type.
        """
        found = self.body(key)
        return self._decode(key, found[0], kind) if found else None

    def sha256(self, key: str) -> str | None:
        """Return the SHA-256 of an object's bytes in hexadecimal; None when there is no such object."""
        found = self.body(key)
        return hashlib.sha256(found[0]).hexdigest() if found else None

    @cached_property
    def manifests(self) -> list[Manifest]:
        """Every minute manifest of the symbol, in the order of time.

        Raises:
            BadInput: the server cannot be reached, or refuses.
            BrokenLake: a manifest is not as the contract has it.
        """
        keys = [key for key in self.keys(self.prefix) if key.endswith(_MANIFEST)]
        with ThreadPoolExecutor(_READERS) as readers:
            return list(readers.map(self._manifest, keys))

    @property
    def objects(self) -> list[ListedObject]:
        """Every object that a manifest lists: bronze."""
        return [listed for manifest in self.manifests for listed in manifest.objects]

    def sha256_of_objects(self) -> dict[str, str | None]:
        """Return the SHA-256 of every listed object as it is; None for one that is not there."""
        keys = sorted({listed.key for listed in self.objects})
        with ThreadPoolExecutor(_READERS) as readers:
            return dict(zip(keys, readers.map(self.sha256, keys), strict=True))

    def _manifest(self, key: str) -> Manifest:
        found = self.body(key)
        if found is None:
            raise BrokenLake(f"{self.url(key)} vanished while it was read")
        content = self._decode(key, found[0], _Content)
        try:
            minute = datetime.strptime(key, f"{self.prefix}%Y/%m/%d/%H/%M{_MANIFEST}").replace(tzinfo=UTC)
        except ValueError as error:
            raise BrokenLake(f"{self.url(key)} is not the key of a minute: {error}") from error
        return Manifest(key, found[1], minute, **msgspec.structs.asdict(content))

    def _decode(self, key: str, body: bytes, kind: type[_Document]) -> _Document:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise BrokenLake(f"{self.url(key)} is not as the contract has it: {error}") from error

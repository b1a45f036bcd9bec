"""Minute manifests in the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from include.lake.keys import TradeKeys
from include.lake.manifest import Addition, Manifest, manifest_from_json, merge, to_json
from include.lake.times import HOUR
from include.stores.s3 import S3Store

_READERS = 8
_NEIGHBOUR_HOURS = 24


@dataclass(frozen=True, slots=True)
class HeldManifest:
    """A manifest and the ETag that it was read with."""

    manifest: Manifest
    etag: str


class ManifestStore:
    """The minute manifests of one symbol.

    Args:
        store: the bucket.
        keys: the symbol's keys.
    """

    def __init__(self, store: S3Store, keys: TradeKeys) -> None:
        self._store = store
        self.keys = keys

    def add(self, addition: Addition) -> bool:
        """Merge what a writer knows into the minute's manifest; say whether that changed it."""
        key = self.keys.manifest(addition.minute)
        changed = False

        def change(body: bytes | None) -> bytes | None:
            nonlocal changed
            current = manifest_from_json(body, key) if body is not None else None
            merged = merge(current, addition)
            changed = merged is not current
            return to_json(merged) if changed else None

        self._store.update(key, change)
        return changed

    def of_hour(self, hour: datetime) -> Mapping[datetime, HeldManifest]:
        """Read the manifests that an hour has: one LIST, then one GET each."""
        with ThreadPoolExecutor(_READERS) as readers:
            held = list(readers.map(self._read, self._minutes(hour)))
        return {entry.manifest.minute: entry for entry in held}

    def last_id_before(self, hour: datetime, earliest: datetime) -> int | None:
        """Return the last trade id before an hour, looking back a day at most and not before ``earliest``."""
        for back in range(1, _NEIGHBOUR_HOURS + 1):
            if hour - (back - 1) * HOUR <= earliest:
                return None
            for minute in reversed(self._minutes(hour - back * HOUR)):
                if intervals := self._read(minute).manifest.intervals:
                    return intervals[-1][1]
        return None

    def first_id_after(self, hour: datetime, latest: datetime) -> int | None:
        """Return the first trade id after an hour, looking ahead a day at most and not beyond ``latest``."""
        for ahead in range(1, _NEIGHBOUR_HOURS + 1):
            if hour + ahead * HOUR > latest:
                return None
            for minute in self._minutes(hour + ahead * HOUR):
                if intervals := self._read(minute).manifest.intervals:
                    return intervals[0][0]
        return None

    def _minutes(self, hour: datetime) -> list[datetime]:
        found = map(self.keys.minute_of_manifest, self._store.list_keys(self.keys.hour(hour)))
        return sorted(minute for minute in found if minute is not None)

    def _read(self, minute: datetime) -> HeldManifest:
        key = self.keys.manifest(minute)
        found = self._store.get(key)
        return HeldManifest(manifest_from_json(found.body, key), found.etag)

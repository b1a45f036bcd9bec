"""Reads trades back, the way every reader should: what the minute manifests list, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa

from include.lake.catalog import CatalogEntry
from include.lake.encoding import SCHEMA, decode
from include.lake.keys import format_of
from include.lake.manifest import ManifestObject
from include.lake.manifests import ManifestStore
from include.stores.s3 import S3Store

_READERS = 8


def read_hour(store: S3Store, entry: CatalogEntry, hour: datetime) -> pa.Table:
    """Read the trades of an hour.

    Args:
        store: the bucket.
        entry: the symbol, as the catalog has it.
        hour: start of the hour.

    Returns:
        A table of ``include.lake.encoding.SCHEMA``, in id order. Before the hour is sealed, objects of
        several collectors may overlap: then drop copies by ``trade_id``.
    """
    manifests = ManifestStore(store, entry.keys).of_hour(hour)
    objects = [held for minute in manifests.values() for held in minute.manifest.objects]

    def read(held: ManifestObject) -> pa.Table:
        return decode(store.get(held.key).body, format_of(held.key))

    with ThreadPoolExecutor(_READERS) as readers:
        tables = list(readers.map(read, objects))
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).unify_dictionaries().sort_by("trade_id")

"""Writes one batch of trades to the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.lake.encoding import encode
from include.lake.keys import TradeKeys, batch_name
from include.lake.manifest import ManifestObject, listed
from include.lake.times import from_us, minute_of
from include.lake.trade import Source, Trade
from include.stores.s3 import S3Store


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes batches of one symbol.

    Attributes:
        store: the bucket.
        keys: the symbol's keys.
        data_source: first part of a batch's identity.
        symbol: the symbol.
        source: where the trades are got from.
        file_format: ``parquet``, ``csv`` or ``jsonl``.
    """

    store: S3Store
    keys: TradeKeys
    data_source: str
    symbol: str
    source: Source
    file_format: str

    def put(self, trades: Sequence[Trade]) -> ManifestObject:
        """Put a batch that ``include.lake.batching`` cut; the same trades again are the same object.

        Raises:
            ContentConflict: other trades stand under the same ids.
            StoreError: S3 did not take it.
        """
        batch = encode(trades, self.symbol, self.source, self.file_format)
        name = batch_name(self.data_source, self.symbol, "trade", batch.first_id, batch.last_id)
        key = self.keys.batch(from_us(minute_of(batch.min_ts)), name, self.file_format)
        facts = {**batch.metadata, "source": self.source}
        put = self.store.put_if_absent(key, batch.body, content_sha256=batch.content_sha256, metadata=facts)
        return listed(key, put.etag, batch, self.source, put.metadata)

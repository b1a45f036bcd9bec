"""The catalog: what the lake should hold. Read by collector, DAGs and audit; changed by compare-and-swap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from include.errors import InvalidRecord
from include.lake.keys import CATALOG, TradeKeys
from include.lake.manifest import to_json
from include.stores.s3 import S3Store


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol.

    Attributes:
        symbol: the symbol, such as ``BTCUSDT``.
        data_source: first part of its batches' identities, such as ``Binance``.
        pair: its name in stream names, such as ``btcusdt``.
        prefix: where its trades stand, such as ``Binance/BTCUSDT/``.
        streams: the streams that are collected.
        collected_from: trade time of the first trade that was collected.
        collected_to: end of the collection, None while it goes on.
        file_format: format of its objects.
    """

    symbol: str
    data_source: str
    pair: str
    prefix: str
    streams: list[str]
    collected_from: datetime = msgspec.field(name="from")
    collected_to: datetime | None = msgspec.field(name="to", default=None)
    file_format: str = "parquet"

    @property
    def keys(self) -> TradeKeys:
        """The keys of its trades."""
        return TradeKeys(self.prefix)

    def covers(self, start: datetime, end: datetime) -> bool:
        """Say whether the lake should hold anything of [start, end)."""
        return self.collected_from < end and (self.collected_to is None or self.collected_to > start)


class Catalog(msgspec.Struct, frozen=True):
    """All symbols, by name."""

    symbols: dict[str, CatalogEntry] = {}
    schema_version: int = 1


def read_catalog(store: S3Store) -> Catalog:
    """Read the catalog; empty where there is none yet."""
    found = store.find(CATALOG)
    return _parse(found.body if found else None)


def register(store: S3Store, entry: CatalogEntry) -> None:
    """Add a symbol, or widen what is known of it: the earliest start stays, the collection goes on."""

    def change(catalog: Catalog) -> Catalog:
        known = catalog.symbols.get(entry.symbol)
        start = min(entry.collected_from, known.collected_from) if known else entry.collected_from
        widened = msgspec.structs.replace(entry, collected_from=start)
        return Catalog({**catalog.symbols, entry.symbol: widened})

    _change(store, change)


def _change(store: S3Store, change: Callable[[Catalog], Catalog]) -> None:
    store.update(CATALOG, lambda body: to_json(change(_parse(body))))


def _parse(body: bytes | None) -> Catalog:
    if body is None:
        return Catalog()
    try:
        return msgspec.json.decode(body, type=Catalog)
    except msgspec.MsgspecError as error:
        raise InvalidRecord(f"{CATALOG} is not a catalog: {error}: correct it by hand") from error

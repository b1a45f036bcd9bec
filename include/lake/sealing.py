"""Seals an hour: its status always, its readiness only when it is available.

A second seal of the same hour writes nothing. A later change raises the version; the versions before it stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from include import __version__
from include.errors import InvalidRecord
from include.lake.encoding import SCHEMA_VERSION
from include.lake.keys import TradeKeys
from include.lake.manifest import Condition, to_json
from include.lake.manifests import HeldManifest
from include.lake.verification import Finding, HourReport
from include.stores.s3 import S3Store


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an hour (``_STATUS.json``): always written, whatever the condition."""

    symbol: str
    hour: datetime
    version: int
    condition: Condition
    reasons: list[Finding]
    absent_upstream: list[tuple[int, int]]
    first_id: int | None
    last_id: int | None
    count: int
    sources: dict[str, int]
    minutes: dict[str, int]
    kline_matches: bool | None
    updated_at: datetime
    schema_version: int = SCHEMA_VERSION
    code_version: str = __version__


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The readiness of an hour (``_READY.json``): complete, deduplicated, proved.

    ``manifests`` holds, by key, the ETag of every minute manifest that it stands on: later drift shows.
    """

    symbol: str
    hour: datetime
    version: int
    first_id: int | None
    last_id: int | None
    count: int
    sources: dict[str, int]
    kline_matches: bool | None
    manifests: dict[str, str]
    sealed_at: datetime
    schema_version: int = SCHEMA_VERSION
    code_version: str = __version__


_Document = TypeVar("_Document", Status, Ready)


def seal_hour(
    store: S3Store,
    keys: TradeKeys,
    symbol: str,
    report: HourReport,
    held: Mapping[datetime, HeldManifest],
    now: datetime,
) -> Status:
    """Write an hour's status, and its readiness when it is available.

    Args:
        store: the bucket.
        keys: the symbol's keys.
        symbol: the symbol.
        report: what the hour is worth.
        held: the manifests that the report was made from.
        now: our clock.

    Returns:
        The status as it now stands.
    """
    if report.condition == "available":
        _write_ready(store, keys, _ready(keys, symbol, report, held, now))
    return _write_status(store, keys.status(report.hour), _status(symbol, report, now))


def _status(symbol: str, report: HourReport, now: datetime) -> Status:
    return Status(
        symbol=symbol,
        hour=report.hour,
        version=1,
        condition=report.condition,
        reasons=report.findings,
        absent_upstream=report.absent,
        first_id=report.first_id,
        last_id=report.last_id,
        count=report.count,
        sources=report.sources,
        minutes=report.minutes,
        kline_matches=report.kline_matches,
        updated_at=now,
    )


def _ready(
    keys: TradeKeys, symbol: str, report: HourReport, held: Mapping[datetime, HeldManifest], now: datetime
) -> Ready:
    return Ready(
        symbol=symbol,
        hour=report.hour,
        version=1,
        first_id=report.first_id,
        last_id=report.last_id,
        count=report.count,
        sources=report.sources,
        kline_matches=report.kline_matches,
        manifests={keys.manifest(minute): entry.etag for minute, entry in sorted(held.items())},
        sealed_at=now,
    )


def _write_ready(store: S3Store, keys: TradeKeys, document: Ready) -> None:
    """Write the history first: a reader who sees ``_READY.json`` finds its version there."""
    key = keys.ready(document.hour)
    found = store.find(key)
    held = _parse(found.body, Ready, key) if found else None
    following = _following(held, document)
    if following is not held:
        recorded = _record(store, keys, following)
        store.replace(key, to_json(recorded), if_match=found.etag if found else None)


def _record(store: S3Store, keys: TradeKeys, document: Ready) -> Ready:
    """Put a version into the history; a run that died between the two writes may have done so already."""
    while True:
        key = keys.ready_version(document.hour, document.version)
        found = store.find(key)
        if found is None:
            store.put_if_absent(key, to_json(document), content_type="application/json")
            return document
        held = _parse(found.body, Ready, key)
        following = _following(held, document)
        if following is held:
            return held
        document = following


def _write_status(store: S3Store, key: str, document: Status) -> Status:
    held = store.update(key, lambda body: _status_bytes(body, document, key))
    assert held is not None
    return _parse(held.body, Status, key)


def _status_bytes(body: bytes | None, document: Status, key: str) -> bytes:
    held = _parse(body, Status, key) if body is not None else None
    following = _following(held, document)
    return body if body is not None and following is held else to_json(following)


def _following(held: _Document | None, document: _Document) -> _Document:
    """The document as it follows what stands: the same one where nothing but clock and code differ."""
    if held is None:
        return document
    same = msgspec.structs.replace(document, **_incidental(held))
    return held if same == held else msgspec.structs.replace(document, version=held.version + 1)


def _incidental(held: _Document) -> dict[str, object]:
    names = {"version", "updated_at", "sealed_at", "code_version"} & set(held.__struct_fields__)
    return {name: getattr(held, name) for name in names}


def _parse(body: bytes, kind: type[_Document], key: str) -> _Document:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidRecord(f"{key} does not hold a {kind.__name__}: {error}") from error

"""The minute manifest: what a minute of trades consists of. Readers trust nothing but ``objects``.

Every writer reads it, merges what it adds, raises ``revision`` and puts it by compare-and-swap. ``merge`` is
a pure union, so that the order of writers does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from include import __version__
from include.errors import InvalidRecord
from include.lake.batching import Grid
from include.lake.encoding import SCHEMA_VERSION, EncodedBatch
from include.lake.intervals import Interval, overlaps, size, subtract, union
from include.lake.kline import Kline, Totals, add_totals, same_amounts
from include.lake.trade import Source

Condition = Literal["pending", "available", "degraded", "missing"]
"""Databento's words for the state of a partition."""

GapReason = Literal["gap", "collection_start", "collection_end", "absent_upstream"]


class ManifestObject(msgspec.Struct, frozen=True):
    """One object of trades; times in microseconds since 1970, sizes in bytes."""

    key: str
    etag: str
    rows: int
    first_id: int
    last_id: int
    min_ts: int
    max_ts: int
    time_precision: str
    bytes: int
    uncompressed_bytes: int
    sha256: str
    content_sha256: str
    source: Source
    totals: Totals

    @property
    def interval(self) -> Interval:
        """Its trade ids, which are consecutive."""
        return (self.first_id, self.last_id)


class Gap(msgspec.Struct, frozen=True):
    """Trade ids that are not here, and why. A bound is None where it is not known."""

    first_id: int | None
    last_id: int | None
    reason: GapReason


class Previous(msgspec.Struct, frozen=True):
    """The minute before, as this minute's writer saw it (advisory)."""

    minute: datetime
    last_id: int


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """What one writer knows about a minute, to be merged into its manifest.

    Attributes:
        symbol: the symbol.
        minute: start of the minute.
        objects: objects of trades that stand in S3.
        gaps: ids known to be missing at this point of the stream.
        healed: ids that are in the lake by now, also in other minutes: gaps shrink by them.
        kline: the exchange's account of the minute.
        previous: the minute before.
        watermark: exchange time that the writer had reached, microseconds.
        closed: the writer saw the minute end.
        cut: the settings of its grid.
        collector: who writes.
    """

    symbol: str
    minute: datetime
    objects: Sequence[ManifestObject] = ()
    gaps: Sequence[Gap] = ()
    healed: Sequence[Interval] = ()
    kline: Kline | None = None
    previous: Previous | None = None
    watermark: int | None = None
    closed: bool = False
    cut: Grid | None = None
    collector: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A minute of trades (``docs/data-contract.md``)."""

    symbol: str
    minute: datetime
    revision: int
    condition: Condition
    intervals: list[Interval]
    count: int
    gaps: list[Gap]
    objects: list[ManifestObject]
    superseded: list[ManifestObject]
    kline: Kline | None
    kline_matches: bool | None
    previous: Previous | None
    watermark: int | None
    closed: bool
    cut: Grid | None
    collectors: list[str]
    schema_version: int = SCHEMA_VERSION
    code_version: str = __version__

    @property
    def overlaps(self) -> list[Interval]:
        """Ids that stand in more than one listed object, which readiness makes disjoint."""
        return overlaps(held.interval for held in self.objects)


def listed(
    key: str, etag: str, batch: EncodedBatch, source: Source, metadata: Mapping[str, str]
) -> ManifestObject:
    """Describe an object that stands in S3.

    Args:
        key: its key.
        etag: its ETag.
        batch: what we encoded.
        source: where the trades were got from.
        metadata: user metadata of the object that stands; another writer's bytes may differ from ours.
    """
    return ManifestObject(
        key=key,
        etag=etag,
        rows=batch.rows,
        first_id=batch.first_id,
        last_id=batch.last_id,
        min_ts=batch.min_ts,
        max_ts=batch.max_ts,
        time_precision=batch.time_precision,
        bytes=int(metadata.get("bytes", len(batch.body))),
        uncompressed_bytes=batch.uncompressed_bytes,
        sha256=metadata.get("sha256", batch.sha256),
        content_sha256=batch.content_sha256,
        source=msgspec.convert(metadata.get("source", source), Source),
        totals=batch.totals,
    )


def merge(current: Manifest | None, addition: Addition) -> Manifest:
    """Merge what a writer adds; return ``current`` itself where that changes nothing.

    Args:
        current: the manifest as it stands, None where there is none.
        addition: what the writer knows.
    """
    base = current or _empty(addition)
    objects = _objects(base, addition)
    intervals = union(held.interval for held in objects)
    kline = base.kline or addition.kline
    closed = base.closed or addition.closed
    gaps = _open_gaps(
        [*base.gaps, *addition.gaps, *_certified(kline, closed)], [*intervals, *addition.healed]
    )
    matches = kline_matches(kline, objects)
    merged = msgspec.structs.replace(
        base,
        condition=_condition(gaps, matches, closed),
        intervals=intervals,
        count=size(intervals),
        gaps=gaps,
        objects=objects,
        kline=kline,
        kline_matches=matches,
        previous=_latest(base.previous, addition.previous),
        watermark=max(filter(None, (base.watermark, addition.watermark)), default=None),
        closed=closed,
        cut=addition.cut or base.cut,
        collectors=sorted({*base.collectors, addition.collector}),
    )
    if merged == current:
        return current
    return msgspec.structs.replace(merged, revision=base.revision + 1, code_version=__version__)


def kline_matches(kline: Kline | None, objects: Sequence[ManifestObject]) -> bool | None:
    """Compare a minute with the exchange's own account of it.

    Returns:
        True: number, ids and amounts agree. False: they contradict. None: not decidable (no kline, trades
        still missing, or objects that overlap).
    """
    if kline is None or overlaps(held.interval for held in objects):
        return None
    intervals = union(held.interval for held in objects)
    certified = [(kline.f, kline.L)] if kline.n else []
    if subtract(intervals, certified):
        return False
    if size(intervals) < kline.n:
        return None
    return size(intervals) == kline.n and same_amounts(kline, add_totals(held.totals for held in objects))


def to_json(document: msgspec.Struct) -> bytes:
    """Write a manifest, status or readiness as JSON that a person can read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def manifest_from_json(body: bytes, key: str) -> Manifest:
    """Read a manifest.

    Raises:
        InvalidRecord: it is not a manifest; names the key and the first fault.
    """
    try:
        return msgspec.json.decode(body, type=Manifest)
    except msgspec.MsgspecError as error:
        raise InvalidRecord(f"{key} is not a minute manifest: {error}") from error


def _empty(addition: Addition) -> Manifest:
    return Manifest(
        symbol=addition.symbol,
        minute=addition.minute,
        revision=0,
        condition="pending",
        intervals=[],
        count=0,
        gaps=[],
        objects=[],
        superseded=[],
        kline=None,
        kline_matches=None,
        previous=None,
        watermark=None,
        closed=False,
        cut=None,
        collectors=[],
    )


def _objects(base: Manifest, addition: Addition) -> list[ManifestObject]:
    gone = {held.key for held in base.superseded}
    by_key = {held.key: held for held in addition.objects if held.key not in gone}
    by_key |= {held.key: held for held in base.objects}
    return sorted(by_key.values(), key=lambda held: (held.first_id, held.last_id, held.key))


def _certified(kline: Kline | None, closed: bool) -> list[Gap]:
    """What a minute that is over must hold: trades may fall silent while klines go on."""
    return [Gap(kline.f, kline.L, "gap")] if kline and kline.n and closed else []


def _open_gaps(gaps: Iterable[Gap], covered: Iterable[Interval]) -> list[Gap]:
    present = union(covered)
    declared = set(gaps)
    absent = _bounded(declared, "absent_upstream", present)
    missing = _bounded(declared, "gap", [*present, *absent])
    known = [*present, *absent, *missing]
    bounded = [Gap(*ids, "gap") for ids in missing] + [Gap(*ids, "absent_upstream") for ids in absent]
    edges = [gap for gap in declared if not _is_bounded(gap) and not _reaches(known, gap)]
    return sorted(bounded + edges, key=lambda gap: (gap.first_id or 0, gap.last_id or 0, gap.reason))


def _bounded(gaps: Iterable[Gap], reason: GapReason, covered: Iterable[Interval]) -> list[Interval]:
    return subtract([_ids(gap) for gap in gaps if _is_bounded(gap) and gap.reason == reason], covered)


def _is_bounded(gap: Gap) -> bool:
    return gap.first_id is not None and gap.last_id is not None


def _ids(gap: Gap) -> Interval:
    assert gap.first_id is not None
    assert gap.last_id is not None
    return (gap.first_id, gap.last_id)


def _reaches(known: Iterable[Interval], edge: Gap) -> bool:
    """Say whether the id next to an open edge is accounted for by now."""
    beside = edge.first_id if edge.last_id is None else edge.last_id
    return any(first <= (beside or 0) <= last for first, last in known)


def _condition(gaps: Sequence[Gap], matches: bool | None, closed: bool) -> Condition:
    if matches is False or any(gap.reason != "absent_upstream" for gap in gaps):
        return "degraded"
    return "available" if closed else "pending"


def _latest(one: Previous | None, other: Previous | None) -> Previous | None:
    return max(filter(None, (one, other)), key=lambda held: (held.minute, held.last_id), default=None)

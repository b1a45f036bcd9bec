"""Decides what an hour of trades is worth, from its manifests alone. Pure: reads and writes nothing.

Spot trade ids are consecutive per symbol, so an hour is complete when its ids are, inside and with both
neighbours. The exchange's kline is a second, independent witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from include.lake.intervals import ALL_IDS, Interval, holes, overlaps, size, subtract, union
from include.lake.manifest import Condition, Manifest
from include.lake.times import minutes_of


class Finding(msgspec.Struct, frozen=True):
    """Why an hour is not available. Ids and minute are None where they are not known or do not apply.

    Attributes:
        reason: ``gap``, ``collection_start``, ``collection_end``, ``kline_mismatch``, ``overlap``.
        first_id: first id concerned.
        last_id: last id concerned.
        minute: the minute concerned.
    """

    reason: str
    first_id: int | None = None
    last_id: int | None = None
    minute: datetime | None = None


class HourReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour of one symbol is worth.

    Attributes:
        hour: start of the hour.
        condition: see ``docs/data-contract.md``.
        findings: why it is not available; empty when it is.
        missing: id ranges that are known to be missing and can be asked for.
        absent: id ranges that the exchange itself does not have.
        intervals: the ids that it has.
        sources: how many trades came from which source.
        minutes: how many minutes are in which condition; those without a manifest are ``missing``.
        kline_matches: True when every minute's kline agrees, False when one contradicts, else None.
    """

    hour: datetime
    condition: Condition
    findings: list[Finding]
    missing: list[Interval]
    absent: list[Interval]
    intervals: list[Interval]
    sources: dict[str, int]
    minutes: dict[str, int]
    kline_matches: bool | None

    @property
    def count(self) -> int:
        """Number of trades."""
        return size(self.intervals)

    @property
    def first_id(self) -> int | None:
        """First trade id, None in an hour without trades."""
        return self.intervals[0][0] if self.intervals else None

    @property
    def last_id(self) -> int | None:
        """Last trade id, None in an hour without trades."""
        return self.intervals[-1][1] if self.intervals else None


def verify_hour(
    hour: datetime,
    manifests: Mapping[datetime, Manifest],
    *,
    before: int | None,
    after: int | None,
) -> HourReport:
    """Judge an hour.

    Args:
        hour: start of the hour.
        manifests: its minute manifests, by minute; minutes may be missing.
        before: the last trade id before the hour, None where nothing earlier is known.
        after: the first trade id after the hour, None where nothing later is known.
    """
    held = list(manifests.values())
    intervals = union(interval for manifest in held for interval in manifest.intervals)
    before = before if before is not None else _certified_start(hour, manifests)
    after = after if after is not None else _certified_end(hour, manifests)
    absent = subtract(_absent(held), [*intervals, *_beyond(before, after)])
    present = union([*intervals, *absent])
    missing = holes([*present, *_neighbours(before, after)])
    findings = [
        *(Finding("gap", *ids) for ids in missing),
        *_edges(hour, manifests, present, before, after),
        *_overlaps(held),
        *(Finding("kline_mismatch", minute=m.minute) for m in held if m.kline_matches is False),
    ]
    return HourReport(
        hour=hour,
        condition=_condition(held, findings),
        findings=findings,
        missing=missing,
        absent=absent,
        intervals=intervals,
        sources=_sources(held),
        minutes=_minutes(hour, manifests),
        kline_matches=_klines(hour, manifests),
    )


def _neighbours(before: int | None, after: int | None) -> Iterable[Interval]:
    return [(id_, id_) for id_ in (before, after) if id_ is not None]


def _beyond(before: int | None, after: int | None) -> Iterable[Interval]:
    """The ids of the hours before and after; what is absent there is no matter of this hour."""
    if before is not None:
        yield (ALL_IDS[0], before)
    if after is not None:
        yield (after, ALL_IDS[1])


def _absent(manifests: Iterable[Manifest]) -> list[Interval]:
    return [
        (gap.first_id, gap.last_id)
        for manifest in manifests
        for gap in manifest.gaps
        if gap.reason == "absent_upstream" and gap.first_id is not None and gap.last_id is not None
    ]


def _certified_start(hour: datetime, manifests: Mapping[datetime, Manifest]) -> int | None:
    """The last id before the hour, as the klines of its first minutes certify it."""
    for minute in minutes_of(hour):
        kline = manifests[minute].kline if minute in manifests else None
        if kline is None:
            return None
        if kline.n:
            return kline.f - 1
    return None


def _certified_end(hour: datetime, manifests: Mapping[datetime, Manifest]) -> int | None:
    """The first id after the hour, as the klines of its last minutes certify it."""
    for minute in reversed(minutes_of(hour)):
        kline = manifests[minute].kline if minute in manifests else None
        if kline is None:
            return None
        if kline.n:
            return kline.L + 1
    return None


def _edges(
    hour: datetime,
    manifests: Mapping[datetime, Manifest],
    present: Sequence[Interval],
    before: int | None,
    after: int | None,
) -> Iterable[Finding]:
    if _without_trades(hour, manifests, present):
        return
    if before is None:
        yield Finding("collection_start", None, present[0][0] - 1 if present else None)
    if after is None:
        yield Finding("collection_end", present[-1][1] + 1 if present else None, None)


def _without_trades(
    hour: datetime, manifests: Mapping[datetime, Manifest], present: Sequence[Interval]
) -> bool:
    """Say whether the hour was watched from end to end and had no trade."""
    return not present and all(m in manifests and manifests[m].closed for m in minutes_of(hour))


def _overlaps(manifests: Iterable[Manifest]) -> Iterable[Finding]:
    twice = overlaps(held.interval for manifest in manifests for held in manifest.objects)
    return (Finding("overlap", *ids) for ids in twice)


def _condition(manifests: Sequence[Manifest], findings: Sequence[Finding]) -> Condition:
    if not findings:
        return "available"
    return "degraded" if manifests else "missing"


def _sources(manifests: Iterable[Manifest]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for manifest in manifests:
        for held in manifest.objects:
            counts[held.source] = counts.get(held.source, 0) + held.rows
    return dict(sorted(counts.items()))


def _minutes(hour: datetime, manifests: Mapping[datetime, Manifest]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for minute in minutes_of(hour):
        condition = manifests[minute].condition if minute in manifests else "missing"
        counts[condition] = counts.get(condition, 0) + 1
    return dict(sorted(counts.items()))


def _klines(hour: datetime, manifests: Mapping[datetime, Manifest]) -> bool | None:
    answers = {manifests[m].kline_matches if m in manifests else None for m in minutes_of(hour)}
    return False if False in answers else None if None in answers else True

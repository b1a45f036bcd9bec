"""An hour of one symbol in the bucket: read and judge it, heal it, settle and seal it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from include.lake.catalog import CatalogEntry
from include.lake.intervals import ALL_IDS, Interval, subtract
from include.lake.manifest import Addition, Gap
from include.lake.manifests import HeldManifest, ManifestStore
from include.lake.sealing import Status, seal_hour
from include.lake.times import minutes_of
from include.lake.verification import HourReport, verify_hour
from include.stores.s3 import S3Store

_WRITER = "readiness"
_GAP_REASONS = ("gap", "collection_start", "collection_end")


@dataclass(frozen=True, slots=True)
class JudgedHour:
    """What an hour is worth, and the manifests that say so."""

    report: HourReport
    held: Mapping[datetime, HeldManifest]


class Hours:
    """The hours of one symbol.

    Args:
        store: the bucket.
        entry: the symbol, as the catalog has it.
    """

    def __init__(self, store: S3Store, entry: CatalogEntry) -> None:
        self._store = store
        self._entry = entry
        self._manifests = ManifestStore(store, entry.keys)

    def judge(self, hour: datetime, now: datetime) -> JudgedHour:
        """Read an hour's manifests and its neighbours, and verify it.

        Args:
            hour: start of the hour.
            now: nothing later than this is looked for.
        """
        held = self._manifests.of_hour(hour)
        report = verify_hour(
            hour,
            {minute: entry.manifest for minute, entry in held.items()},
            before=self._manifests.last_id_before(hour, self._entry.collected_from),
            after=self._manifests.first_id_after(hour, now),
        )
        return JudgedHour(report, held)

    def seal(self, hour: datetime, now: datetime) -> Status:
        """Judge an hour, settle its manifests, write its status, and its readiness when it is available.

        Sealing an hour again, unchanged, writes nothing.
        """
        judged = self.judge(hour, now)
        if self._settle(judged):
            judged = self.judge(hour, now)
        return seal_hour(self._store, self._entry.keys, self._entry.symbol, judged.report, judged.held, now)

    def _settle(self, judged: JudgedHour) -> bool:
        """Bring the minutes in line with what the whole hour proves; say whether anything was to do.

        Gaps go that were healed elsewhere or belong to a neighbour; what the exchange does not have is listed
        as that. In an available hour every minute is closed and has a manifest.
        """
        available = judged.report.condition == "available"
        changed = [
            self._manifests.add(self._settlement(minute, held, judged.report))
            for minute in minutes_of(judged.report.hour)
            if _unsettled(held := judged.held.get(minute), available)
        ]
        return any(changed)

    def _settlement(self, minute: datetime, held: HeldManifest | None, report: HourReport) -> Addition:
        return Addition(
            symbol=self._entry.symbol,
            minute=minute,
            gaps=_confirmed(held, report) if held else [],
            healed=subtract([ALL_IDS], _open(report)),
            closed=report.condition == "available",
            collector=_WRITER,
        )


def _unsettled(held: HeldManifest | None, available: bool) -> bool:
    if held is None:
        return available
    open_gaps = any(gap.reason != "absent_upstream" for gap in held.manifest.gaps)
    return open_gaps or (available and not held.manifest.closed)


def _open(report: HourReport) -> list[Interval]:
    """The ids that may stand as a gap: missing, absent, or beyond an edge that nobody knows."""
    found = [
        (finding.first_id or ALL_IDS[0], finding.last_id or ALL_IDS[1])
        for finding in report.findings
        if finding.reason in _GAP_REASONS
    ]
    return [*report.absent, *found]


def _confirmed(held: HeldManifest, report: HourReport) -> list[Gap]:
    """What a minute lists as a gap and the exchange does not have: a hole between two stands in both."""
    listed = [
        (gap.first_id, gap.last_id)
        for gap in held.manifest.gaps
        if gap.first_id is not None and gap.last_id is not None
    ]
    absent = subtract(listed, subtract(listed, report.absent))
    return [Gap(*ids, "absent_upstream") for ids in absent]

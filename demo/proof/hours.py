"""Is every hour sealed as it should be, on the manifests that are there now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from demo.proof.lake import Lake
from demo.proof.section import Section
from demo.proof.trades import Trades

HOUR = timedelta(hours=1)
_OF_HOUR = """
SELECT min(trade_id) AS first_id, max(trade_id) AS last_id, count(*) AS count FROM published
WHERE make_timestamp(trade_ts_us) >= $start AND make_timestamp(trade_ts_us) < $end
"""


class Reason(msgspec.Struct, frozen=True):
    """Why an hour is not available, in the contract's words."""

    reason: str


class Status(msgspec.Struct, frozen=True):
    """What the proof reads of a `_STATUS.json`."""

    condition: str
    reasons: list[Reason]
    first_id: int | None
    last_id: int | None
    count: int
    kline_matches: bool | None


class Ready(msgspec.Struct, frozen=True):
    """What the proof reads of a `_READY.json`."""

    version: int
    first_id: int | None
    last_id: int | None
    count: int
    manifests: dict[str, str]


@dataclass(frozen=True)
class Hour:
    """One hour's documents, and what the exchange published in it."""

    start: datetime
    status: Status
    ready: Ready | None
    published: Mapping[str, object]

    @property
    def reasons(self) -> set[str]:
        """Why the hour is not available."""
        return {entry.reason for entry in self.status.reasons}

    def row(self) -> tuple[str, ...]:
        """Return the hour as a line of the table."""
        return (
            f"{self.start:%Y-%m-%d %H:00}",
            self.status.condition,
            f"version {self.ready.version}" if self.ready else "no",
            str(self.status.count),
            f"{self.status.first_id}-{self.status.last_id}",
            {True: "equal", False: "DIFFERENT", None: "none"}[self.status.kline_matches],
            ", ".join(sorted(self.reasons)),
        )


def check_hours(lake: Lake, trades: Trades, hours: list[datetime], expected: str) -> Section:
    """Check the readiness of each hour.

    Args:
        lake: the lake.
        trades: the loaded tables.
        hours: starts of the hours.
        expected: `available` (sealed, complete, equal to the klines), or `degraded`: a recording, whose first
            and last hour are incomplete at its edges and nowhere else, with no kline.
    """
    header = ("hour", "condition", "_READY", "trades", "ids", "klines", "reasons")
    section = Section(
        "Hours", header, where=lake.url(f"{lake.prefix}YYYY/MM/DD/HH/_STATUS.json, _READY.json")
    )
    if expected == "degraded":
        section.title += " (degraded is what is expected of a recording's first and last)"
    for start in hours:
        name = f"hour {start:%Y-%m-%dT%H}"
        hour = _hour(lake, trades, start)
        if hour is None:
            section.rows.append((f"{start:%Y-%m-%d %H:00}", "no _STATUS.json", *[""] * 5))
            section.failures.append(f"{name}: there is no _STATUS.json")
            continue
        section.rows.append(hour.row())
        edges = _edges(start, hours) if expected == "degraded" else set()
        problems = _degraded(hour, edges) if edges else _available(lake, hour)
        section.failures += [f"{name}: {problem}" for problem in _counted(hour) + problems]
    return section


def _edges(start: datetime, hours: list[datetime]) -> set[str]:
    """Return why an hour of a recording cannot be complete: the first, the last, no hour between."""
    reasons = {"collection_start": hours[0], "collection_end": hours[-1]}
    return {reason for reason, hour in reasons.items() if hour == start}


def _hour(lake: Lake, trades: Trades, start: datetime) -> Hour | None:
    """Return an hour; None when it has no status."""
    prefix = lake.hour_prefix(start)
    limits = {"start": start.replace(tzinfo=None), "end": (start + HOUR).replace(tzinfo=None)}
    first, last, count = trades.rows(_OF_HOUR, **limits)[0]
    published = {"first_id": first, "last_id": last, "count": count}
    status = lake.document(f"{prefix}_STATUS.json", Status)
    return Hour(start, status, lake.document(f"{prefix}_READY.json", Ready), published) if status else None


def _counted(hour: Hour) -> list[str]:
    """Compare what the hour's documents say with what the exchange published."""
    documents = {"_STATUS.json": hour.status, "_READY.json": hour.ready}
    return [
        f"{name} says {field} {getattr(document, field)}, published {value}"
        for name, document in documents.items()
        if document
        for field, value in hour.published.items()
        if getattr(document, field) != value
    ]


def _available(lake: Lake, hour: Hour) -> list[str]:
    problems = []
    if hour.status.condition != "available":
        problems.append(f"condition is {hour.status.condition}, not available: {sorted(hour.reasons)}")
    if hour.status.kline_matches is False:
        problems.append("a kline contradicts")
    if hour.ready is None:
        return [*problems, "there is no _READY.json"]
    return problems + _drift(lake, hour, hour.ready)


def _drift(lake: Lake, hour: Hour, ready: Ready) -> list[str]:
    """Compare the manifests that the seal stands on with those that are there."""
    minutes = [manifest for manifest in lake.manifests if hour.start <= manifest.minute < hour.start + HOUR]
    now = {manifest.key: manifest.etag for manifest in minutes}
    sealed = {key: etag.strip('"') for key, etag in ready.manifests.items()}
    problems = [
        f"{lake.url(key)} is not what was sealed"
        for key in sorted(now.keys() | sealed)
        if now.get(key) != sealed.get(key)
    ]
    if len(minutes) != 60:
        problems.append(f"{len(minutes)} minute manifests, not 60")
    return problems + [
        f"minute {m.minute:%H:%M} is {m.condition}" for m in minutes if m.condition != "available"
    ]


def _degraded(hour: Hour, edges: set[str]) -> list[str]:
    problems = []
    if hour.status.condition != "degraded":
        problems.append(f"condition is {hour.status.condition}, not degraded")
    if not hour.reasons or not hour.reasons <= edges:
        problems.append(f"reasons are {sorted(hour.reasons)}, not only of {sorted(edges)}")
    if hour.status.kline_matches is not None:
        problems.append(f"kline_matches is {hour.status.kline_matches}, not null")
    if hour.ready is not None:
        problems.append("there is a _READY.json")
    return problems

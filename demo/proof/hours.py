"""Is every hour sealed as it should be, on the manifests that are there now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.proof.lake import Lake
from demo.proof.section import Section
from demo.proof.trades import Trades

HOUR = timedelta(hours=1)
EDGES = frozenset({"collection_start", "collection_end"})
"""Why the first and the last hour of a recording cannot be complete."""

_OF_HOUR = """
SELECT min(trade_id) AS first_id, max(trade_id) AS last_id, count(*) AS count FROM published
WHERE make_timestamp(trade_ts_us) >= $start AND make_timestamp(trade_ts_us) < $end
"""


@dataclass(frozen=True)
class Hour:
    """One hour's documents, and what the exchange published in it."""

    start: datetime
    status: Mapping[str, Any]
    ready: Mapping[str, Any] | None
    published: Mapping[str, object]

    @property
    def reasons(self) -> set[str]:
        """Why the hour is not available, in the contract's words."""
        return {entry["reason"] for entry in self.status.get("reasons", [])}

    def row(self) -> tuple[str, ...]:
        """Return the hour as a line of the table."""
        ready = f"version {self.ready['version']}" if self.ready else "no"
        matches = self.status.get("kline_matches")
        kline = {True: "equal", False: "DIFFERENT", None: "none"}[matches]
        ids = f"{self.status.get('first_id')}-{self.status.get('last_id')}"
        condition = self.status.get("condition", "no _STATUS.json")
        trades = str(self.status.get("count", ""))
        return (
            f"{self.start:%Y-%m-%d %H:00}",
            condition,
            ready,
            trades,
            ids,
            kline,
            ", ".join(sorted(self.reasons)),
        )


def check_hours(lake: Lake, trades: Trades, hours: list[datetime], expected: str) -> Section:
    """Check the readiness of each hour.

    Args:
        lake: the lake.
        trades: the loaded tables.
        hours: starts of the hours.
        expected: `available` (sealed, complete, equal to the klines), or `degraded` (a recording's edges and
            nothing else, no kline).
    """
    header = ("hour", "condition", "_READY", "trades", "ids", "klines", "reasons")
    section = Section(
        "Hours", header, where=lake.url(f"{lake.prefix}YYYY/MM/DD/HH/_STATUS.json, _READY.json")
    )
    for start in hours:
        hour = _hour(lake, trades, start)
        section.rows.append(hour.row())
        problems = _available(lake, hour) if expected == "available" else _degraded(hour)
        section.failures += [f"hour {start:%Y-%m-%dT%H}: {problem}" for problem in _counted(hour) + problems]
    return section


def _hour(lake: Lake, trades: Trades, start: datetime) -> Hour:
    prefix = lake.hour_prefix(start)
    limits = {"start": start.replace(tzinfo=None), "end": (start + HOUR).replace(tzinfo=None)}
    first, last, count = trades.rows(_OF_HOUR, **limits)[0]
    return Hour(
        start,
        lake.document(f"{prefix}_STATUS.json") or {},
        lake.document(f"{prefix}_READY.json"),
        {"first_id": first, "last_id": last, "count": count},
    )


def _counted(hour: Hour) -> list[str]:
    """Compare what the hour's documents say with what the exchange published."""
    documents = {"_STATUS.json": hour.status} | ({"_READY.json": hour.ready} if hour.ready else {})
    return [
        f"{name} says {field} {document.get(field)}, published {value}"
        for name, document in documents.items()
        for field, value in hour.published.items()
        if document.get(field) != value
    ]


def _available(lake: Lake, hour: Hour) -> list[str]:
    problems = []
    if hour.status.get("condition") != "available":
        problems.append(f"condition is {hour.status.get('condition')}, not available: {sorted(hour.reasons)}")
    if hour.status.get("kline_matches") is False:
        problems.append("a kline contradicts")
    if hour.ready is None:
        return [*problems, "there is no _READY.json"]
    return problems + _drift(lake, hour, hour.ready)


def _drift(lake: Lake, hour: Hour, ready: Mapping[str, Any]) -> list[str]:
    """Compare the manifests that the seal stands on with those that are there."""
    minutes = [manifest for manifest in lake.manifests if hour.start <= manifest.minute < hour.start + HOUR]
    now = {manifest.key: manifest.etag for manifest in minutes}
    sealed = {key: etag.strip('"') for key, etag in ready["manifests"].items()}
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


def _degraded(hour: Hour) -> list[str]:
    problems = []
    if hour.status.get("condition") != "degraded":
        problems.append(f"condition is {hour.status.get('condition')}, not degraded")
    if not hour.reasons or not hour.reasons <= EDGES:
        problems.append(f"reasons are {sorted(hour.reasons)}, not only of {sorted(EDGES)}")
    if hour.status.get("kline_matches") is not None:
        problems.append(f"kline_matches is {hour.status.get('kline_matches')}, not null")
    if hour.ready is not None:
        problems.append("there is a _READY.json")
    return problems

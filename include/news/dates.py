"""Reads the times that feeds write.

Feed parsers take an unknown zone for UTC, which is up to 14 hours wrong, and a day for its midnight, which is
look-ahead. Here a time whose zone is not known is not a time, and a day is its last second.
Forms: RFC 822/2822 with the zone names below, ISO 8601, and Unix seconds or milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from include.news.rows import Precision

_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_LATEST_AHEAD = timedelta(hours=48)

_HOURS_EAST = {
    "-0000": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "IST": 5.5, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12,
    "NZDT": 13,
}  # fmt: skip
"""Zones seen in feeds that the standard library takes for unknown; ``-0000`` is UTC (RFC 2822, 3.3)."""

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}")
_EPOCH = re.compile(r"\d{10}(\d{3})?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*( ?[+-]\d{2}:?\d{2}| ?Z| ?UTC| ?GMT)?")


@dataclass(frozen=True, slots=True)
class ReadTime:
    """A time that was read, in UTC, and how exact it is."""

    at: datetime
    precision: Precision


def read_time(text: str | None, now: datetime) -> ReadTime | None:
    """Read a feed's time, or return None where time or zone are unknown or cannot be true.

    Args:
        text: as the feed wrote it.
        now: our clock; times over 48 hours ahead of it, and before 1995, are refused.
    """
    text = (text or "").strip()
    try:
        read = _day(text) or _epoch(text) or _iso(text) or _rfc822(text)
    except (ValueError, OverflowError):
        return None
    return read if read and _EARLIEST <= read.at <= now + _LATEST_AHEAD else None


def _day(text: str) -> ReadTime | None:
    if not _DAY.fullmatch(text):
        return None
    day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return ReadTime(day + timedelta(days=1, seconds=-1), Precision.DAY)


def _epoch(text: str) -> ReadTime | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = int(text[:10])
    return ReadTime(datetime.fromtimestamp(seconds, UTC), Precision.SECOND)


def _iso(text: str) -> ReadTime | None:
    if not _ISO.fullmatch(text):
        return None
    compact = re.sub(r" ?(Z|UTC|GMT)$", "+00:00", text)
    moment = datetime.fromisoformat(re.sub(r" (?=[+-])", "", compact))
    if moment.tzinfo is None:
        return None
    has_seconds = text.count(":", 0, 19) == 2
    return ReadTime(moment.astimezone(UTC), Precision.SECOND if has_seconds else Precision.MINUTE)


def _rfc822(text: str) -> ReadTime | None:
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        zone = text.rsplit(maxsplit=1)[-1].upper()
        if zone not in _HOURS_EAST:
            return None
        moment = moment.replace(tzinfo=UTC) - timedelta(hours=_HOURS_EAST[zone])
    return ReadTime(moment.astimezone(UTC), Precision.SECOND if clock[1] else Precision.MINUTE)

"""Names of the lake's objects (``docs/data-contract.md``). Times in keys are trade times, UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

CATALOG = "_catalog.json"
SUFFIXES = {"parquet": ".parquet", "csv": ".csv.gz", "jsonl": ".jsonl.gz"}
"""File name endings by ``FILE_FORMAT``."""

_MINUTE = "%Y/%m/%d/%H/%M/"
_HOUR = "%Y/%m/%d/%H/"
_MINUTE_IN_KEY = re.compile(r"(\d{4}/\d{2}/\d{2}/\d{2}/\d{2})/_manifest\.json$")


def batch_name(data_source: str, symbol: str, stream: str, first_id: int, last_id: int) -> str:
    """Name a batch by what is in it (RFC 9562 UUIDv5): every writer of the same ids writes the same key."""
    identity = uuid5(NAMESPACE_URL, f"{data_source}/{symbol}/{stream}/{first_id}/{last_id}")
    return f"batch-{identity}"


def format_of(key: str) -> str:
    """Return the ``FILE_FORMAT`` of a batch, which may have changed from one minute to the next."""
    return next(name for name, suffix in SUFFIXES.items() if key.endswith(suffix))


@dataclass(frozen=True, slots=True)
class TradeKeys:
    """Keys of one symbol's trades.

    Attributes:
        prefix: where the symbol's objects stand, such as ``Binance/BTCUSDT/``.
    """

    prefix: str

    def minute(self, minute: datetime) -> str:
        """Prefix of a minute's objects."""
        return f"{self.prefix}{minute:{_MINUTE}}"

    def hour(self, hour: datetime) -> str:
        """Prefix of an hour's objects."""
        return f"{self.prefix}{hour:{_HOUR}}"

    def batch(self, minute: datetime, name: str, file_format: str) -> str:
        """Key of a batch."""
        return f"{self.minute(minute)}{name}{SUFFIXES[file_format]}"

    def manifest(self, minute: datetime) -> str:
        """Key of a minute's manifest."""
        return f"{self.minute(minute)}_manifest.json"

    def status(self, hour: datetime) -> str:
        """Key of an hour's status, which is always written."""
        return f"{self.hour(hour)}_STATUS.json"

    def ready(self, hour: datetime) -> str:
        """Key of an hour's readiness, which is written only when the hour is available."""
        return f"{self.hour(hour)}_READY.json"

    def ready_version(self, hour: datetime, version: int) -> str:
        """Key of one version of an hour's readiness."""
        return f"{self.hour(hour)}_ready/v{version:04d}.json"

    @staticmethod
    def minute_of_manifest(key: str) -> datetime | None:
        """Return the minute that a manifest's key names, or None for any other key."""
        found = _MINUTE_IN_KEY.search(key)
        return datetime.strptime(found[1], "%Y/%m/%d/%H/%M").replace(tzinfo=UTC) if found else None

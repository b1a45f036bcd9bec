"""What a downstream team may do with an hour that is ready."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from tradelake.operators.hours import HourOperator
from tradelake.partitions import hour_of_run


class SummariseHourOperator(HourOperator):
    """Read an hour's trades and write a few figures about each symbol; a run without changes writes nothing.

    Returns the keys of the summaries, ``{prefix}{symbol}/{hour}.json``.

    :param prefix: prefix of the keys.
    :param symbol: the only symbol to summarise; default: every one that the catalog has for the hour.
    """

    def __init__(self, *, prefix: str, symbol: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix
        self.symbol = symbol

    def execute(self, context: Context) -> list[str]:
        """Summarise the hour's trades."""
        import msgspec

        from include.lake.reading import read_hour
        from include.lake.summary import summarise

        hour = hour_of_run(context)
        keys = []
        for entry in self.entries(hour):
            if self.symbol not in {None, entry.symbol}:
                continue
            key = f"{self.prefix}{entry.symbol}/{hour:%Y-%m-%dT%H}.json"
            body = msgspec.json.encode(summarise(read_hour(self.store, entry, hour)))
            self.store.update(key, lambda _, body=body: body)
            self.log.info("%s: %s", key, body.decode())
            keys.append(key)
        return keys

"""Every trade that the exchange published, and every trade in the listed objects, as tables in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
from fsspec.spec import AbstractFileSystem

from demo.proof.lake import Lake
from demo.proof.section import BadInput, BrokenLake, Span

COLUMNS = {
    "symbol": "VARCHAR",
    "trade_id": "BIGINT",
    "price": "DECIMAL(18,8)",
    "qty": "DECIMAL(19,8)",
    "trade_time": "TIMESTAMP WITH TIME ZONE",
    "trade_ts_us": "BIGINT",
    "is_buyer_maker": "BOOLEAN",
    "source": "VARCHAR",
}
"""The columns that the proof reads, with the types that the data contract gives them."""

_PUBLISHED = """
CREATE TABLE published AS
SELECT trade_id::BIGINT AS trade_id, price::DECIMAL(38,18) AS price, qty::DECIMAL(38,18) AS qty,
       trade_time_us::BIGINT AS trade_ts_us, is_buyer_maker::BOOLEAN AS is_buyer_maker
FROM read_csv($file, header = true, all_varchar = true) WHERE symbol = $symbol
"""

_LAKE = f"""
CREATE TABLE lake AS SELECT filename AS url, {", ".join(COLUMNS)} FROM read_parquet($urls, filename = true)
"""

_EMPTY_LAKE = f"""
CREATE TABLE lake (url VARCHAR, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())})
"""

_TYPES = "SELECT file_name, name, duckdb_type FROM parquet_schema($urls) WHERE duckdb_type IS NOT NULL"

# Consecutive ids have the same difference to their rank.
_SPANS = """
SELECT min(trade_id), max(trade_id) FROM (
    SELECT trade_id, trade_id - row_number() OVER (ORDER BY trade_id) AS island
    FROM (SELECT DISTINCT trade_id FROM ({}))
) GROUP BY island ORDER BY 1
"""


class Trades:
    """The tables `published` (the exchange's log) and `lake` (the listed objects, read by DuckDB from S3)."""

    def __init__(
        self, lake: Lake, published: Path, present: Sequence[str], files: AbstractFileSystem
    ) -> None:
        """Load both.

        Args:
            lake: the lake.
            published: the exchange's log, CSV with a header.
            present: keys of the objects to read; a key that is listed twice stands here twice.
            files: the S3 file system through which DuckDB reads.

        Raises:
            BadInput: the log cannot be read, or holds no trade of the symbol.
            BrokenLake: an object is not a file of trades.
        """
        self._database = duckdb.connect(config={"autoload_known_extensions": "false"})
        self._database.register_filesystem(files)
        self._load_published(published, lake.symbol)
        self._urls = [lake.url(key) for key in present]
        self._load_lake(self._urls)

    def rows(self, query: str, **parameters: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return self._database.execute(query, parameters).fetchall()

    def count(self, query: str, **parameters: object) -> int:
        """Return the number of rows of a query."""
        return len(self.rows(query, **parameters))

    def spans(self, query: str, **parameters: object) -> list[Span]:
        """Return the different `trade_id`s of a query as ranges of consecutive ids, in order."""
        return [
            (int(str(first)), int(str(last))) for first, last in self.rows(_SPANS.format(query), **parameters)
        ]

    def wrong_types(self) -> list[str]:
        """Return the columns whose type is not the contract's, object by object as its own footer has it.

        The table `lake` does not tell: DuckDB casts every object to the types of the first.
        """
        found = self.rows(_TYPES, urls=self._urls) if self._urls else []
        return [
            f"{url}: {name} is {kind}, not {COLUMNS[str(name)]}"
            for url, name, kind in found
            if COLUMNS.get(str(name), kind) != kind
        ]

    def _load_published(self, published: Path, symbol: str) -> None:
        if not published.is_file():
            raise BadInput(f"--published {published}: no such file")
        try:
            self._database.execute(_PUBLISHED, {"file": str(published), "symbol": symbol})
        except duckdb.Error as error:
            raise BadInput(f"--published {published}: not the exchange's log: {error}") from error
        if not self.count("FROM published LIMIT 1"):
            raise BadInput(f"--published {published}: no trade of --symbol {symbol} in it")

    def _load_lake(self, urls: list[str]) -> None:
        try:
            self._database.execute(_LAKE, {"urls": urls}) if urls else self._database.execute(_EMPTY_LAKE)
        except (duckdb.Error, OSError) as error:
            raise BrokenLake(f"the listed objects cannot be read: {error}") from error

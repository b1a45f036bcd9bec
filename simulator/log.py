"""The run's log: what the exchange published, and what each connection was sent."""

import json
import time
from pathlib import Path
from typing import IO

from simulator.errors import StartError
from simulator.trades import Trade, decimal_text

PUBLISHED_HEADER = "symbol,trade_id,price,qty,trade_time_us,is_buyer_maker\n"


class RunLog:
    """Append-only ``published.csv`` and ``connections.jsonl`` of one run in a directory of its own.

    Raises:
        StartError: the directory holds the log of another run, or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._published = self._create(directory / "published.csv")
            self._connections = self._create(directory / "connections.jsonl")
        except FileExistsError as error:
            raise StartError(
                f"--log-dir {directory}: {Path(error.filename).name} of another run is there; "
                "a log belongs to one run, name an empty directory"
            ) from error
        except OSError as error:
            raise StartError(f"--log-dir {directory}: cannot be written: {error.strerror}") from error
        self._published.write(PUBLISHED_HEADER)
        self.flush()

    @staticmethod
    def _create(path: Path) -> IO[str]:
        return path.open("x", encoding="utf-8", newline="\n")

    def published(self, trade: Trade) -> None:
        """Log a trade that the exchange made public, whoever listened."""
        self._published.write(
            f"{trade.symbol},{trade.trade_id},{decimal_text(trade.price)},{decimal_text(trade.quantity)},"
            f"{trade.time_us},{'true' if trade.is_buyer_maker else 'false'}\n"
        )

    def connection(self, event: str, connection_id: int, **fields: object) -> None:
        """Log one event of a connection, with the wall time at which it happened."""
        line = {"event": event, "connection": connection_id, "wall_time_us": time.time_ns() // 1000, **fields}
        self._connections.write(json.dumps(line) + "\n")

    def flush(self) -> None:
        """Hand what was logged to the operating system."""
        self._published.flush()
        self._connections.flush()

    def close(self) -> None:
        """Flush and close both files."""
        self._published.close()
        self._connections.close()

"""The exchange's request-weight limit: per client address and minute of wall time."""

import time
from collections import Counter

WEIGHT_LIMIT = 6000
SECONDS_PER_WINDOW = 60


class RequestWeights:
    """Counts used weight by address in windows that begin with each minute."""

    def __init__(self) -> None:
        self._window = 0
        self._used: Counter[str] = Counter()

    def use(self, address: str, weight: int) -> int:
        """Add a request's weight and return what the address has used in this minute."""
        window = int(time.time()) // SECONDS_PER_WINDOW
        if window != self._window:
            self._window = window
            self._used.clear()
        self._used[address] += weight
        return self._used[address]

    @staticmethod
    def seconds_left() -> int:
        """Seconds until the window ends, at least one."""
        return SECONDS_PER_WINDOW - int(time.time()) % SECONDS_PER_WINDOW

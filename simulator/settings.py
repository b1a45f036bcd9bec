"""What one run of the simulator is made of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MICROSECONDS = 1_000_000
MINUTE_US = 60 * MICROSECONDS


def to_microseconds(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact."""
    whole_seconds = int(moment.replace(microsecond=0).timestamp())
    return whole_seconds * MICROSECONDS + moment.microsecond


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a run; the command line fills most of them.

    Times of the market are event time, ``ping_interval`` and ``pong_timeout`` are seconds of wall time.
    The last three follow the exchange's documented limits; tests shorten them.
    """

    log_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    symbols: tuple[str, ...] = ("BTCUSDT",)
    seed: int = 7
    start: datetime = datetime(2026, 11, 20, 5, tzinfo=UTC)
    minutes: int = 60
    lead_minutes: int = 2
    tail_minutes: int = 3
    speed: float = 60.0
    catch_up: bool = False
    trades_per_second: float = 20.0
    tape: tuple[Path, ...] = ()
    wait_for_start: bool = False
    cryptopanic_token: str = "demo-token"
    ping_interval: float = 20.0
    pong_timeout: float = 60.0
    send_queue_bytes: int = 8 * 1024 * 1024

    @property
    def start_us(self) -> int:
        """Start of the hour under test, without the lead."""
        return to_microseconds(self.start)

    @property
    def begin_us(self) -> int:
        """First instant of the market, the lead included."""
        return self.start_us - self.lead_minutes * MINUTE_US

    @property
    def end_us(self) -> int:
        """First instant after the market, the tail included."""
        return self.start_us + (self.minutes + self.tail_minutes) * MINUTE_US

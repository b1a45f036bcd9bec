"""What flows from the sequencer through the journal to the batcher, in order, per symbol.

The journal holds exactly these, so that a replay gives the batcher what the live run gave it. Holes need no
record: ids are consecutive, so the batcher sees them.
"""

from __future__ import annotations

import msgspec

from include.lake.kline import Kline
from include.lake.trade import Trade


class ClosedKline(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The exchange's own account of a minute."""

    kline: Kline


class ClockTick(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """The exchange's clock: no trade with an earlier trade time is on its way any more."""

    time_us: int


class SessionStart(msgspec.Struct, array_like=True, tag=3, frozen=True):
    """A collector begins to watch: what happened since the record before, it did not see."""


class SessionEnd(msgspec.Struct, array_like=True, tag=4, frozen=True):
    """The collector stopped watching, in good order."""


Record = Trade | ClosedKline | ClockTick | SessionStart | SessionEnd

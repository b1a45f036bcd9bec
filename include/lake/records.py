"""What flows from the sequencer through the journal to the batcher, in order, per symbol.

The journal holds exactly these, so that a replay gives the batcher what the live run gave it.
"""

from __future__ import annotations

import msgspec

from include.lake.kline import Kline
from include.lake.trade import Trade


class Hole(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Ids that no connection delivered in time. A later arrival is a late trade, not an error."""

    first_id: int
    last_id: int


class ClosedKline(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """The exchange's own account of a minute."""

    kline: Kline


class ClockTick(msgspec.Struct, array_like=True, tag=3, frozen=True):
    """The exchange's clock: no trade with an earlier trade time is on its way any more."""

    time_us: int


class SessionStart(msgspec.Struct, array_like=True, tag=4, frozen=True):
    """A collector begins to watch here; what came before its first frame, it did not see.

    Attributes:
        last_id: the last id of the session before, where the journal knows it.
    """

    last_id: int | None


class SessionEnd(msgspec.Struct, array_like=True, tag=5, frozen=True):
    """The collector stopped watching, in good order."""


Record = Trade | Hole | ClosedKline | ClockTick | SessionStart | SessionEnd

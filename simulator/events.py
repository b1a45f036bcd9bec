"""What happens in a market, in the order in which the exchange tells it."""

from dataclasses import dataclass
from typing import Protocol

from simulator.frames import FrameFormat, kline_data, trade_data
from simulator.klines import Kline
from simulator.trades import Trade


class Message(Protocol):
    """Something that goes out on a stream."""

    @property
    def stream(self) -> str:
        """Name of the stream, such as ``btcusdt@trade``."""

    @property
    def trade(self) -> Trade | None:
        """The trade that the message tells, for the log and the faults."""

    def text(self, frame_format: FrameFormat) -> str:
        """Text of the frame in a connection's format."""


@dataclass(slots=True)
class TradeMessage:
    """A trade of the made market; ``event_us`` is the frame's ``E``."""

    event_us: int
    stream: str
    trade: Trade

    def text(self, frame_format: FrameFormat) -> str:
        """Text of the frame in a connection's format."""
        return frame_format.wrap(self.stream, trade_data(self.trade, self.event_us, frame_format))


@dataclass(slots=True)
class KlineMessage:
    """A kline as it stands now."""

    event_us: int
    stream: str
    kline: Kline
    is_closed: bool
    trade: None = None

    def text(self, frame_format: FrameFormat) -> str:
        """Text of the frame in a connection's format."""
        data = kline_data(self.kline, self.event_us, self.is_closed, frame_format)
        return frame_format.wrap(self.stream, data)


@dataclass(slots=True)
class KlineDue:
    """The moment at which a kline is told; its content is what was traded until then."""

    event_us: int
    symbol: str
    open_us: int
    is_closed: bool


@dataclass(slots=True)
class RecordedMessage:
    """A recorded combined-stream frame; ``event_us`` is the time at which it was received."""

    event_us: int
    stream: str
    frame: str
    data_start: int
    trade: Trade | None

    def text(self, frame_format: FrameFormat) -> str:
        """The recorded text, unchanged; times stay as recorded."""
        return self.frame if frame_format.combined else self.frame[self.data_start : -1]


Event = TradeMessage | KlineDue | RecordedMessage

"""What the exchange has published so far, and the publishing of one event."""

from simulator.events import Event, KlineDue, KlineMessage
from simulator.faults import ActiveFaults
from simulator.hub import Hub
from simulator.klines import KlineBook
from simulator.log import RunLog
from simulator.trades import Trade, TradeHistory


class Exchange:
    """Trades and klines by symbol; ``books`` is empty for a tape, whose klines were only partly recorded."""

    def __init__(
        self,
        symbols: tuple[str, ...],
        books: dict[str, KlineBook],
        hub: Hub,
        log: RunLog,
        faults: ActiveFaults,
    ) -> None:
        self.histories = {symbol: TradeHistory(symbol) for symbol in symbols}
        self.books = books
        self._hub = hub
        self._log = log
        self._faults = faults

    def publish(self, event: Event) -> None:
        """Make an event public: into books and log and, unless a fault forbids it, to the subscribers."""
        if isinstance(event, KlineDue):
            self._hub.send(self._kline_message(event))
            return
        if event.trade is not None:
            self._record(event.trade)
            if self._faults.withholds_frame(event.trade):
                return
        self._hub.send(event)

    def _kline_message(self, due: KlineDue) -> KlineMessage:
        kline = self.books[due.symbol].minute(due.open_us)
        return KlineMessage(due.event_us, f"{due.symbol.lower()}@kline_1m", kline, due.is_closed)

    def _record(self, trade: Trade) -> None:
        self.histories[trade.symbol].append(trade)
        self._log.published(trade)
        if trade.symbol in self.books:
            self.books[trade.symbol].add(trade)

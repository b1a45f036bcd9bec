"""The sequencer: each id once, in order up to the late ones, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from collector.records import ClockTick, ClosedKline, Record
from collector.sequencer import CLOCK_GRACE_US, HOLD_SECONDS, Sequencer
from include.lake.trade import Trade
from tests.include.lake.made import kline, minute_us, trade

LAST_ID = 30


class Ordered:
    """A sequencer, and what came out of it."""

    def __init__(self, last_id: int | None = None) -> None:
        self.records: list[Record] = []
        self.sequencer = Sequencer(self.records.append, last_id)
        self.now = 100.0

    def send(self, *ids: int) -> None:
        for trade_id in ids:
            self.sequencer.trade(trade(trade_id), self.now)

    def wait(self, seconds: float = HOLD_SECONDS) -> None:
        self.now += seconds
        self.sequencer.tick(self.now)

    @property
    def ids(self) -> list[int]:
        return [record.trade_id for record in self.records if isinstance(record, Trade)]

    @property
    def ticks(self) -> list[int]:
        return [record.time_us for record in self.records if isinstance(record, ClockTick)]


@st.composite
def two_connections(draw: st.DrawFn) -> tuple[list[int | None], set[int]]:
    """Two ordered subsets of ids, interleaved; None: the clock goes on."""
    numbers = st.lists(st.integers(1, LAST_ID), unique=True).map(sorted)
    lanes = [draw(numbers), draw(numbers)]
    carried = {number for lane in lanes for number in lane}
    events: list[int | None] = []
    while any(lanes):
        choice = draw(st.sampled_from([lane for lane in lanes if lane] + [None]))
        events.append(choice.pop(0) if choice is not None else None)
    return events, carried


@given(two_connections(), st.none() | st.just(0))
def test_every_id_that_a_connection_carried_comes_out_once(connections, last_id):
    events, carried = connections
    ordered = Ordered(last_id)
    for event in events:
        if event is None:
            ordered.wait()
        else:
            ordered.send(event)
    for _ in carried:
        ordered.wait()
    counts = ordered.sequencer.counts
    first = ordered.ids[0] if last_id is None and ordered.ids else 0
    # What lies before the first trade of all is no hole, so that nothing waits for it.
    assert sorted(ordered.ids) == sorted(number for number in carried if number >= first)
    on_time = ordered.ids
    late = [number for index, number in enumerate(on_time) if number < max(on_time[:index], default=0)]
    assert counts.late == len(late)
    assert counts.emitted + counts.late == len(ordered.ids)
    assert counts.emitted + counts.late + counts.duplicates == sum(event is not None for event in events)
    if ordered.ids:
        start = first if last_id is None else 1
        assert counts.missing == len(set(range(start, max(ordered.ids) + 1)) - set(ordered.ids))


def test_in_order_passes_at_once():
    ordered = Ordered(last_id=0)
    ordered.send(1, 2, 3)
    assert ordered.ids == [1, 2, 3]


def test_the_first_copy_wins():
    ordered = Ordered(last_id=0)
    first = trade(1, price="1.00000000")
    for copy in (first, trade(1, price="2.00000000")):
        ordered.sequencer.trade(copy, ordered.now)
    assert ordered.records == [first]
    assert ordered.sequencer.counts.duplicates == 1


def test_a_hole_waits_and_is_filled_by_the_other_connection():
    ordered = Ordered(last_id=0)
    ordered.send(1, 3, 4)
    ordered.wait(HOLD_SECONDS / 2)
    assert ordered.ids == [1]
    ordered.send(2)
    assert ordered.ids == [1, 2, 3, 4]
    assert ordered.sequencer.counts.missing == 0


def test_a_hole_that_waited_long_enough_is_given_up():
    ordered = Ordered(last_id=0)
    ordered.send(1, 3)
    ordered.wait()
    assert ordered.ids == [1, 3]
    assert ordered.sequencer.counts.missing == 1


def test_a_second_hole_waits_its_own_time():
    ordered = Ordered(last_id=0)
    ordered.send(1, 3, 5)
    ordered.wait()
    assert ordered.ids == [1, 3]
    ordered.wait(HOLD_SECONDS / 2)
    assert ordered.ids == [1, 3]
    ordered.wait(HOLD_SECONDS / 2)
    assert ordered.ids == [1, 3, 5]


def test_a_late_trade_passes_once():
    ordered = Ordered(last_id=0)
    ordered.send(1, 4)
    ordered.wait()
    ordered.send(2, 2, 5, 3, 3)
    assert ordered.ids == [1, 4, 2, 5, 3]
    counts = ordered.sequencer.counts
    assert (counts.late, counts.duplicates, counts.missing) == (2, 2, 0)


def test_what_an_earlier_session_held_is_a_duplicate():
    ordered = Ordered(last_id=10)
    ordered.send(9, 10, 11)
    assert ordered.ids == [11]
    assert ordered.sequencer.counts.duplicates == 2


def test_the_first_trade_of_all_waits_for_the_other_connections():
    ordered = Ordered()
    ordered.send(8, 7)
    assert ordered.ids == []
    ordered.wait()
    assert ordered.ids == [7, 8]
    assert ordered.sequencer.counts.missing == 0


def test_at_the_end_every_hole_is_given_up():
    ordered = Ordered(last_id=0)
    ordered.send(2, 4, 6)
    ordered.sequencer.flush(ordered.now)
    assert ordered.ids == [2, 4, 6]
    assert ordered.sequencer.counts.missing == 3


# --- the exchange's clock ---------------------------------------------------------------------------------


def test_a_silent_minute_ends_with_the_clock_once():
    ordered = Ordered(last_id=0)
    for time_us in (minute_us(1), minute_us(1) + CLOCK_GRACE_US, minute_us(1) + CLOCK_GRACE_US + 5):
        ordered.sequencer.clock(time_us)
    assert ordered.ticks == [minute_us(0), minute_us(1)]


def test_the_clock_adds_nothing_where_trades_tell_the_time():
    ordered = Ordered(last_id=0)
    ordered.sequencer.trade(trade(1, 61), ordered.now)
    ordered.sequencer.clock(minute_us(1) + CLOCK_GRACE_US)
    assert ordered.ticks == []


def test_the_clock_does_not_go_back():
    ordered = Ordered(last_id=0)
    ordered.sequencer.clock(minute_us(5) + CLOCK_GRACE_US)
    ordered.sequencer.clock(minute_us(3) + CLOCK_GRACE_US)
    assert ordered.ticks == [minute_us(5)]
    assert ordered.sequencer.clock_us == minute_us(5) + CLOCK_GRACE_US


def test_a_minute_does_not_end_while_a_trade_waits():
    ordered = Ordered(last_id=0)
    ordered.send(2)
    ordered.sequencer.clock(minute_us(1) + CLOCK_GRACE_US)
    assert ordered.ticks == []
    ordered.wait()
    ordered.sequencer.clock(minute_us(1) + CLOCK_GRACE_US)
    assert ordered.ticks == [minute_us(1)]


def test_each_kline_passes_once():
    ordered = Ordered(last_id=0)
    one, two = kline(0, 1, 2), kline(1, 3, 4)
    for held in (one, one, two, one, two):
        ordered.sequencer.kline(held)
    assert ordered.records == [ClosedKline(one), ClosedKline(two)]

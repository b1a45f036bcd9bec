"""The batcher: batches and facts, a pure function of the records."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batcher import Action, Batcher, CutBatch, MinuteFacts
from collector.records import ClockTick, ClosedKline, Record, SessionEnd, SessionStart
from include.lake.batching import Grid
from include.lake.manifest import Gap
from include.lake.times import minute_of
from tests.include.lake.made import kline, minute_us, trade, trades

GRID = Grid(max_trades=10)
M0, M1, M2, M3, M4, M5 = (minute_us(number) for number in range(6))


def run(records: Iterable[Record], last_id: int | None = 0) -> list[Action]:
    batcher = Batcher(GRID, last_id)
    actions = [action for record in records for action in batcher.feed(record)]
    return [*actions, *batcher.flush_late()]


def spans(actions: Iterable[Action]) -> list[tuple[int, int]]:
    return [
        (held.trades[0].trade_id, held.trades[-1].trade_id) for held in actions if isinstance(held, CutBatch)
    ]


def gaps(actions: Iterable[Action]) -> list[tuple[int, Gap]]:
    return [(held.minute_us, gap) for held in actions if isinstance(held, MinuteFacts) for gap in held.gaps]


def closed(actions: Iterable[Action]) -> list[int]:
    return [held.minute_us for held in actions if isinstance(held, MinuteFacts) and held.closed]


def test_the_next_minutes_trade_ends_a_minute():
    actions = run([*trades(1, 3, 58), *trades(4, 5, 60)])
    assert actions == [CutBatch(M0, trades(1, 3, 58)), MinuteFacts(M0, closed=True, previous=None)]


def test_a_minute_names_the_one_before():
    actions = run([trade(1, 1), trade(2, 61), trade(3, 121)])
    assert actions[-1] == MinuteFacts(M1, closed=True, previous=(M0, 1))


def test_minutes_without_a_trade_are_closed_by_the_next_trade():
    assert closed(run([trade(1, 1), trade(2, 200)])) == [M0, M1, M2]


def test_minutes_without_a_trade_are_closed_by_the_clock():
    actions = run([trade(1, 1), ClockTick(M1), ClockTick(M3)])
    assert spans(actions) == [(1, 1)]
    assert closed(actions) == [M0, M1, M2]


def test_a_kline_whose_last_trade_is_here_ends_its_minute_at_once():
    held = kline(0, 1, 3)
    actions = run([*trades(1, 3, 1), ClosedKline(held)])
    assert actions == [
        MinuteFacts(M0, kline=held),
        CutBatch(M0, trades(1, 3, 1)),
        MinuteFacts(M0, closed=True),
    ]


def test_a_kline_that_is_ahead_of_its_trades_ends_nothing():
    actions = run([trade(1, 1), ClosedKline(kline(0, 1, 2)), trade(2, 59), trade(3, 60)])
    assert spans(actions) == [(1, 2)]
    assert closed(actions) == [M0]


def test_a_kline_after_the_next_minutes_first_trade_closes_nothing_twice():
    actions = run([trade(1, 1), trade(2, 60), ClosedKline(kline(0, 1, 1)), trade(3, 121)])
    assert closed(actions) == [M0, M1]


def test_the_first_trade_of_all_begins_the_collection():
    assert gaps(run([SessionStart(), trade(7, 1)], last_id=None)) == [(M0, Gap(None, 6, "collection_start"))]


def test_a_hole_inside_a_minute_is_a_gap_there():
    actions = run([*trades(1, 2, 1), *trades(5, 6, 2), SessionEnd()])
    assert spans(actions) == [(1, 2), (5, 6)]
    assert gaps(actions)[0] == (M0, Gap(3, 4, "gap"))


def test_a_hole_between_minutes_is_a_gap_of_both():
    """Nobody knows to which of them the trades belong."""
    assert gaps(run([trade(1, 1), trade(5, 200)])) == [(M0, Gap(2, 4, "gap")), (M3, Gap(2, 4, "gap"))]


def test_a_session_that_follows_without_a_hole_closes_the_minutes_between():
    assert closed(run([trade(1, 1), SessionStart(), trade(2, 200)])) == [M0, M1, M2]


def test_a_session_that_follows_with_a_hole_closes_nothing_that_nobody_watched():
    assert closed(run([trade(1, 1), SessionStart(), trade(5, 200)])) == []


def test_the_clock_proves_nothing_before_a_sessions_first_trade():
    """The collector was away: what the minutes since then held, it does not know."""
    actions = run([trade(1, 1), SessionStart(), ClockTick(M4), trade(9, 241)])
    assert closed(actions) == []
    assert gaps(actions) == [(M0, Gap(2, 8, "gap")), (M4, Gap(2, 8, "gap"))]


def test_the_end_of_a_session_is_an_open_edge():
    actions = run([trade(1, 1), SessionEnd()])
    assert actions == [
        CutBatch(M0, [trade(1, 1)]),
        MinuteFacts(M0, gaps=[Gap(2, None, "collection_end")]),
    ]


def test_a_session_without_a_trade_has_no_edge():
    assert run([SessionStart(), ClockTick(M1), SessionEnd()], last_id=None) == []


def test_late_trades_become_batches_of_their_own():
    actions = run([trade(1, 1), trade(5, 2), trade(3, 1.5), trade(4, 1.6), trade(6, 3), SessionEnd()])
    assert spans(actions) == [(1, 1), (5, 6), (3, 4)]


def test_a_late_trade_of_an_earlier_minute_goes_into_that_minute():
    [late] = [held for held in run([trade(1, 1), trade(3, 61), trade(2, 2)]) if isinstance(held, CutBatch)][
        1:
    ]
    assert late == CutBatch(M0, [trade(2, 2)])


def test_a_trade_that_tells_an_earlier_minute_is_batched_there():
    """Trade times need not rise with the ids."""
    actions = run([trade(1, 59), trade(2, 60), trade(3, 59.9), trade(4, 60.1), trade(5, 120)])
    assert spans(actions) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert [held.minute_us for held in actions if isinstance(held, CutBatch)] == [M0, M1, M0, M1]


# --- replay -----------------------------------------------------------------------------------------------


@st.composite
def streams(draw: st.DrawFn) -> list[Record]:
    """What a sequencer may emit: ids that rise with holes, late ones, klines, ticks, sessions."""
    records: list[Record] = []
    trade_id, second, missing = 0, 0.0, []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["trade"] * 6 + ["hole", "late", "kline", "tick", "start", "end"]))
        second += draw(st.sampled_from([0, 0, 0.1, 1, 20, 61, 200]))
        if kind == "late" and missing:
            records.append(trade(missing.pop(), max(0, second - 1)))
        elif kind in {"trade", "hole"}:
            skipped = 2 if kind == "hole" else 0
            missing += range(trade_id + 1, trade_id + 1 + skipped)
            trade_id += 1 + skipped
            records.append(trade(trade_id, second))
        elif kind == "kline":
            records.append(ClosedKline(kline(int(second // 60), max(1, trade_id - 1), trade_id)))
        elif kind == "tick":
            records.append(ClockTick(minute_us(int(second // 60))))
        else:
            records.append(SessionStart() if kind == "start" else SessionEnd())
    return records


def trade_ids(records: Sequence[Record]) -> list[int]:
    return sorted(record.trade_id for record in records if hasattr(record, "trade_id"))


@given(streams(), st.sampled_from([0, None]))
def test_every_trade_is_in_one_batch_and_every_missing_id_in_a_gap(records, last_id):
    actions = run([*records, SessionEnd()], last_id)
    assert sorted(n for first, last in spans(actions) for n in range(first, last + 1)) == trade_ids(records)
    held = set(trade_ids(records))
    listed = {
        number
        for _, gap in gaps(actions)
        if gap.first_id is not None and gap.last_id is not None
        for number in range(gap.first_id, gap.last_id + 1)
    }
    start = 1 if last_id == 0 else min(held, default=1)
    assert listed - held == set(range(start, max(held, default=0) + 1)) - held


@given(streams())
def test_the_same_records_give_the_same_actions(records):
    assert run(records) == run(records)


@given(streams())
def test_no_minute_is_closed_twice(records):
    assert len(closed(run(records))) == len(set(closed(run(records))))


@given(streams(), st.data())
def test_a_replay_from_the_start_of_a_minute_gives_the_same_batches(records, data):
    """A segment begins so: with a trade of a later minute than all before, which nothing before touches."""
    opening = [
        index
        for index, record in enumerate(records)
        if hasattr(record, "trade_id")
        and minute_of(record.trade_ts_us)
        > max((minute_of(r.trade_ts_us) for r in records[:index] if hasattr(r, "trade_id")), default=0)
    ]
    if not opening:
        return
    start = data.draw(st.sampled_from(opening))
    last_id = max(trade_ids(records[:start]), default=None)
    whole = run([*records, SessionEnd()], None)
    replayed = run([*records[start:], SessionEnd()], last_id)
    later = set(trade_ids(records[start:]))
    assert [span for span in spans(replayed) if span[0] in later] == [
        span for span in spans(whole) if span[0] in later and span not in spans(run(records[:start], None))
    ]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_restart_in_the_middle_of_a_minute_goes_on_with_the_same_slot(cut):
    """The journal is replayed, then a new session follows without a hole."""
    rows = trades(1, 12, 1)
    restarted = [SessionStart(), *rows[:cut], SessionStart(), *rows[cut:], SessionEnd()]
    assert spans(run(restarted)) == [(1, 10), (11, 12)]

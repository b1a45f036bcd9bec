"""Where batches are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.lake.batching import Grid, batches
from include.lake.times import minute_of
from include.lake.trade import Trade
from tests.include.lake.made import trade, trades

WINDOWS = st.sampled_from([1, 5, 15, 60])
GRIDS = st.builds(Grid, st.integers(1, 12), WINDOWS, st.sampled_from([1024, 2**21]))
STEPS = st.lists(st.floats(0, 25), min_size=1, max_size=60)


def made(steps: list[float], missing: set[int] = frozenset()) -> list[Trade]:
    """Trades from id 100 on whose times grow by these steps."""
    rows, second = [], 0.0
    for index, step in enumerate(steps):
        second += step
        rows.append(trade(100 + index, second))
    return [row for row in rows if row.trade_id not in missing]


def spans(rows: list[Trade], grid: Grid) -> list[tuple[int, int]]:
    return [(batch[0].trade_id, batch[-1].trade_id) for batch in batches(rows, grid)]


@given(STEPS, GRIDS, st.sets(st.integers(100, 160)))
def test_a_batch_is_contiguous_and_lies_in_one_minute_window_and_slot(steps, grid, missing):
    rows = made(steps, missing)
    cut = list(batches(rows, grid))
    assert [row for batch in cut for row in batch] == rows
    for batch in cut:
        first, last = batch[0].trade_id, batch[-1].trade_id
        assert len(batch) == last - first + 1
        assert len({minute_of(row.trade_ts_us) for row in batch}) == 1
        assert len({row.trade_ts_us // (grid.max_seconds * 1_000_000) for row in batch}) == 1
        assert not any(row.trade_id % grid.max_trades == 0 for row in batch[:-1])


@given(STEPS, GRIDS, st.integers(0, 60))
def test_two_that_start_at_different_places_cut_the_same_whole_slots(steps, grid, start):
    """From the first cut of ids or windows on; a slot that was begun in its middle may differ."""
    rows = made(steps)
    late = rows[start:]
    resynchronised = next(
        (
            after.trade_id
            for before, after in pairwise(late)
            if before.trade_id % grid.max_trades == 0
            or before.trade_ts_us // (grid.max_seconds * 10**6)
            != after.trade_ts_us // (grid.max_seconds * 10**6)
        ),
        rows[-1].trade_id + 1,
    )
    assert [span for span in spans(rows, grid) if span[0] >= resynchronised] == [
        span for span in spans(late, grid) if span[0] >= resynchronised
    ]


@given(STEPS, GRIDS)
def test_the_same_rows_are_cut_the_same(steps, grid):
    assert spans(made(steps), grid) == spans(made(steps), grid)


def test_slots_end_at_multiples():
    assert spans(trades(3998, 8003), Grid()) == [(3998, 4000), (4001, 8000), (8001, 8003)]


def test_slots_end_at_windows_aligned_in_the_minute():
    rows = [trade(index, second) for index, second in enumerate([4.9, 5.0, 9.999999, 10.0, 59.9, 60.0], 1)]
    assert spans(rows, Grid(max_seconds=5)) == [(1, 1), (2, 3), (4, 4), (5, 5), (6, 6)]


def test_a_minute_ends_a_slot():
    assert spans([trade(1, 59.999999), trade(2, 60.0)], Grid()) == [(1, 1), (2, 2)]


def test_a_hole_cuts():
    assert spans([*trades(1, 3), *trades(5, 6)], Grid()) == [(1, 3), (5, 6)]


def test_a_hole_does_not_restart_the_count_of_bytes():
    """Otherwise a collector with a hole would be off the grid up to the next multiple."""
    grid = Grid(max_bytes=1024)
    cuts = {first for first, _ in spans(trades(1, 60), grid)}
    with_hole = {first for first, _ in spans([row for row in trades(1, 60) if row.trade_id != 5], grid)}
    rows_a_slot = min(cuts - {1}) - 1
    assert rows_a_slot + 2 in with_hole


def test_bytes_bound_the_canonical_lines_of_a_slot():
    line = len("1,61837.63000000,0.02000000,1795150800000,false\n")
    grid = Grid(max_bytes=line * 3)
    assert spans(trades(1, 7), grid) == [(1, 3), (4, 6), (7, 7)]
    assert spans(trades(1, 7), Grid(max_bytes=line * 3 - 1)) == [(1, 2), (3, 4), (5, 6), (7, 7)]


def test_a_row_above_the_bound_stands_alone():
    assert spans(trades(1, 3), Grid(max_bytes=1)) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("grid", [Grid(), Grid(1, 1, 1)])
def test_nothing_gives_no_batch(grid):
    assert list(batches([], grid)) == []

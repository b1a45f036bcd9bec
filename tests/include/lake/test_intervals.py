"""Interval arithmetic against plain sets of ids."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from include.lake.intervals import Interval, holes, overlaps, size, subtract, union
from tests.include.lake.made import ids

INTERVALS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])))


def is_normal(intervals: list[Interval]) -> bool:
    ends = [end for interval in intervals for end in interval]
    return ends == sorted(ends) and all(a[1] + 1 < b[0] for a, b in pairwise(intervals))


@given(INTERVALS)
def test_union_holds_the_same_ids_once(intervals):
    merged = union(intervals)
    assert is_normal(merged)
    assert ids(merged) == ids(intervals)
    assert size(merged) == len(ids(intervals))


@given(INTERVALS, INTERVALS)
def test_subtract_takes_away_exactly_what_is_taken(intervals, taken):
    left = subtract(intervals, taken)
    assert is_normal(left)
    assert ids(left) == ids(intervals) - ids(taken)


@given(INTERVALS)
def test_holes_are_what_is_missing_inside(intervals):
    held = ids(intervals)
    inside = set(range(min(held), max(held) + 1)) if held else set()
    assert ids(holes(intervals)) == inside - held


@given(INTERVALS)
def test_overlaps_are_the_ids_that_stand_twice(intervals):
    every = [number for interval in intervals for number in ids([interval])]
    assert ids(overlaps(intervals)) == {number for number in every if every.count(number) > 1}

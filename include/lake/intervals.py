"""Sets of trade ids as sorted, disjoint, closed intervals ``(first_id, last_id)``."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]

ALL_IDS: Interval = (0, 2**63 - 1)
"""Every id that the column ``trade_id`` can hold."""


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Merge intervals; those that touch become one."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """Return what is in the first and not in the second."""
    left: list[Interval] = []
    removed = union(taken)
    for first, last in union(intervals):
        for gone_first, gone_last in removed:
            if gone_last < first or gone_first > last:
                continue
            if gone_first > first:
                left.append((first, gone_first - 1))
            first = gone_last + 1
            if first > last:
                break
        if first <= last:
            left.append((first, last))
    return left


def holes(intervals: Iterable[Interval]) -> list[Interval]:
    """Return what is missing between the first and the last id."""
    merged = union(intervals)
    return subtract([(merged[0][0], merged[-1][1])], merged) if merged else []


def overlaps(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the ids that stand in more than one of the intervals."""
    twice: list[Interval] = []
    reached: int | None = None
    for first, last in sorted(intervals):
        if reached is not None and first <= reached:
            twice.append((first, min(last, reached)))
        reached = last if reached is None else max(reached, last)
    return union(twice)


def size(intervals: Iterable[Interval]) -> int:
    """Count the ids of disjoint intervals."""
    return sum(last - first + 1 for first, last in intervals)

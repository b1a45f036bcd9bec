"""What the news operators decide themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tradelake.operators.articles import MAX_BATCHES, in_batches
from tradelake.run_time import run_time


@pytest.mark.parametrize(("objects", "batches"), [(0, 0), (1, 1), (25, 1), (26, 2), (500, 20), (9_999, 20)])
def test_batches_are_few_and_hold_every_key_once(objects: int, batches: int) -> None:
    keys = [f"key-{number}" for number in range(objects)]
    made = in_batches(keys)
    assert len(made) == batches <= MAX_BATCHES
    assert [key for batch in made for key in batch] == keys


def test_the_run_time_is_the_logical_date_or_when_the_run_was_due() -> None:
    due, logical = datetime(2026, 1, 31, 6, tzinfo=UTC), datetime(2026, 1, 31, 5, tzinfo=UTC)
    assert run_time({"dag_run": SimpleNamespace(logical_date=logical, run_after=due)}) == logical
    assert run_time({"dag_run": SimpleNamespace(logical_date=None, run_after=due)}) == due

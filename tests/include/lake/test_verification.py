"""What an hour is worth: every way in which it can be whole, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.lake.kline import Kline, Totals
from include.lake.manifest import Addition, Gap, Manifest, ManifestObject, merge
from include.lake.verification import Finding, HourReport, verify_hour
from tests.include.lake.made import HOUR, ids, kline, manifest_object, minute

PER_MINUTE = 10
FIRST, LAST = 1001, 1000 + 60 * PER_MINUTE


def span(number: int) -> tuple[int, int]:
    """The ids of a minute in a whole hour."""
    first = FIRST + number * PER_MINUTE
    return first, first + PER_MINUTE - 1


def manifest(
    number: int,
    objects: Sequence[ManifestObject],
    *,
    gaps: Sequence[Gap] = (),
    certificate: Kline | None = None,
    closed: bool = True,
) -> Manifest:
    addition = Addition(
        symbol="BTCUSDT",
        minute=minute(number),
        objects=objects,
        gaps=gaps,
        kline=certificate,
        closed=closed,
        collector="a",
    )
    return merge(None, addition)


def whole_hour(*, klines: bool = False) -> dict[datetime, Manifest]:
    return {
        minute(number): manifest(
            number,
            [manifest_object(*span(number))],
            certificate=kline(number, *span(number)) if klines else None,
        )
        for number in range(60)
    }


@dataclass
class Case:
    """An hour of 60 minutes with some replaced (None: without a manifest), and what is to be said of it."""

    name: str
    condition: str
    findings: list[Finding]
    changes: Mapping[int, Manifest | None] = field(default_factory=dict)
    before: int | None = FIRST - 1
    after: int | None = LAST + 1
    klines: bool = False
    missing: list[tuple[int, int]] = field(default_factory=list)


def gap(first: int, last: int) -> Finding:
    return Finding("gap", first, last)


CASES = [
    Case("complete", "available", []),
    Case("complete and certified", "available", [], klines=True),
    Case(
        "a gap inside",
        "degraded",
        [gap(1063, 1064)],
        {6: manifest(6, [manifest_object(1061, 1062), manifest_object(1065, 1070)])},
        missing=[(1063, 1064)],
    ),
    Case("a gap at the start", "degraded", [gap(999, 1000)], before=998, missing=[(999, 1000)]),
    Case("a gap at the end", "degraded", [gap(1601, 1601)], after=1602, missing=[(1601, 1601)]),
    Case("a minute is missing", "degraded", [gap(1301, 1310)], {30: None}, missing=[(1301, 1310)]),
    Case(
        "minutes are missing in which nothing happened",
        "available",
        [],
        {30: None, 31: manifest(31, [manifest_object(1301, 1320)])},
    ),
    Case("nothing before", "degraded", [Finding("collection_start", None, 1000)], before=None),
    Case("nothing behind", "degraded", [Finding("collection_end", 1601, None)], after=None),
    Case("certified, alone", "available", [], before=None, after=None, klines=True),
    Case(
        "a kline certifies more at the start",
        "degraded",
        [gap(999, 1000)],
        {0: manifest(0, [manifest_object(*span(0))], certificate=kline(0, 999, 1010))},
        before=None,
        missing=[(999, 1000)],
    ),
    Case(
        "a kline certifies more at the end",
        "degraded",
        [gap(1601, 1602)],
        {59: manifest(59, [manifest_object(*span(59))], certificate=kline(59, 1591, 1602))},
        after=None,
        missing=[(1601, 1602)],
    ),
    Case(
        "an overlap",
        "degraded",
        [Finding("overlap", 1005, 1010)],
        {0: manifest(0, [manifest_object(1001, 1010), manifest_object(1005, 1010)])},
    ),
    Case(
        "an overlap of two minutes",
        "degraded",
        [Finding("overlap", 1010, 1010)],
        {1: manifest(1, [manifest_object(1010, 1020)])},
    ),
    Case(
        "a kline contradicts",
        "degraded",
        [Finding("kline_mismatch", minute=minute(5))],
        {
            5: manifest(
                5, [manifest_object(*span(5))], certificate=kline(5, *span(5), Totals("1", "1", "0", "0"))
            )
        },
    ),
    Case(
        "the exchange itself does not have it",
        "available",
        [],
        {
            6: manifest(
                6,
                [manifest_object(1061, 1062), manifest_object(1065, 1070)],
                gaps=[Gap(1063, 1064, "absent_upstream")],
            )
        },
    ),
    Case(
        "the exchange does not have the first one",
        "available",
        [],
        {0: manifest(0, [manifest_object(1002, 1010)], gaps=[Gap(1001, 1001, "absent_upstream")])},
    ),
]


def verdict(case: Case) -> HourReport:
    manifests = whole_hour(klines=case.klines)
    for number, held in case.changes.items():
        if held is None:
            del manifests[minute(number)]
        else:
            manifests[minute(number)] = held
    return verify_hour(HOUR, manifests, before=case.before, after=case.after)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_hour(case: Case):
    report = verdict(case)
    assert (report.condition, report.findings, report.missing) == (
        case.condition,
        case.findings,
        case.missing,
    )


def test_what_a_complete_hour_says():
    report = verdict(Case("complete", "available", [], klines=True))
    assert (report.count, report.first_id, report.last_id) == (600, FIRST, LAST)
    assert (report.sources, report.minutes) == ({"ws": 600}, {"available": 60})
    assert report.kline_matches is True


@pytest.mark.parametrize(
    ("changes", "klines", "expected"),
    [
        ({}, False, None),
        ({}, True, True),
        ({30: None}, True, None),
        ({30: manifest(30, [manifest_object(*span(30))], certificate=kline(30, 1, 2))}, True, False),
    ],
)
def test_klines_of_an_hour(changes, klines, expected):
    assert verdict(Case("", "", [], changes, klines=klines)).kline_matches is expected


# --- hours without a trade --------------------------------------------------------------------------------


def silent(*, closed: bool = True) -> dict[datetime, Manifest]:
    return {minute(number): manifest(number, [], closed=closed) for number in range(60)}


@pytest.mark.parametrize(
    ("manifests", "before", "after", "condition"),
    [
        (silent(), 10, 11, "available"),
        (silent(), None, None, "available"),
        (silent(), 10, None, "available"),
        (silent(), 10, 13, "degraded"),
        (silent(closed=False), 10, None, "degraded"),
        ({}, 10, 11, "available"),
        ({}, 10, 13, "missing"),
        ({}, None, None, "missing"),
        ({}, 10, None, "missing"),
    ],
)
def test_an_hour_without_trades(manifests, before, after, condition):
    report = verify_hour(HOUR, manifests, before=before, after=after)
    assert report.condition == condition
    assert (report.count, report.first_id, report.last_id) == (0, None, None)


# --- whatever is lost, it is noticed ----------------------------------------------------------------------


@given(st.sets(st.integers(FIRST, LAST), max_size=12), st.booleans())
def test_every_lost_id_is_missing_and_nothing_else(lost, klines):
    manifests = whole_hour(klines=klines)
    for number in {(trade_id - FIRST) // PER_MINUTE for trade_id in lost}:
        held = [n for n in range(span(number)[0], span(number)[1] + 1) if n not in lost]
        manifests[minute(number)] = manifest(number, [manifest_object(n, n) for n in held])
    report = verify_hour(HOUR, manifests, before=FIRST - 1, after=LAST + 1)
    assert ids(report.missing) == lost
    assert report.condition == ("degraded" if lost else "available")
    assert report.count == 600 - len(lost)


@given(st.sets(st.integers(0, 59), max_size=60))
def test_every_lost_minute_is_counted_as_missing(lost):
    manifests = {m: held for m, held in whole_hour().items() if m.minute not in lost}
    report = verify_hour(HOUR, manifests, before=FIRST - 1, after=LAST + 1)
    assert report.minutes.get("missing", 0) == len(lost)
    assert (report.condition == "available") is (not lost)
    assert msgspec.json.decode(msgspec.json.encode(report), type=HourReport) == report

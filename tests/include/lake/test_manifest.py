"""The manifest and its merge."""

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InvalidRecord
from include.lake.batching import Grid
from include.lake.intervals import union
from include.lake.kline import Totals
from include.lake.manifest import (
    Addition,
    Gap,
    Manifest,
    Previous,
    kline_matches,
    manifest_from_json,
    merge,
    to_json,
)
from tests.include.lake.made import HOUR, ids, kline, manifest_object, minute

ONE = Totals("1.00000000", "2.00000000", "0.5", "1")
KLINE = kline(0, 1, 12)


def add(*, collector: str = "a", **facts: object) -> Addition:
    return Addition(symbol="BTCUSDT", minute=HOUR, collector=collector, **facts)


def merged(*additions: Addition) -> Manifest:
    manifest = None
    for addition in additions:
        manifest = merge(manifest, addition)
    assert manifest is not None
    return manifest


SPANS = st.tuples(st.integers(1, 12), st.integers(0, 5)).map(lambda held: (held[0], held[0] + held[1]))
GAPS = st.one_of(
    SPANS.map(lambda held: Gap(*held, "gap")),
    SPANS.map(lambda held: Gap(*held, "absent_upstream")),
    st.integers(1, 12).map(lambda held: Gap(None, held, "collection_start")),
    st.integers(1, 12).map(lambda held: Gap(held, None, "collection_end")),
)
ADDITIONS = st.builds(
    add,
    objects=st.lists(SPANS.map(lambda held: manifest_object(*held)), max_size=3),
    gaps=st.lists(GAPS, max_size=3),
    kline=st.sampled_from([None, KLINE]),
    previous=st.sampled_from([None, Previous(minute(-1), 0), Previous(minute(-2), 5)]),
    watermark=st.none() | st.integers(1, 9),
    closed=st.booleans(),
    collector=st.sampled_from("abc"),
)


def facts_of(manifest: Manifest) -> Manifest:
    """Without the number of writes, which depends on who came when."""
    return msgspec.structs.replace(manifest, revision=0)


@given(st.lists(ADDITIONS, min_size=1, max_size=4))
def test_the_order_of_writers_does_not_matter(additions):
    results = {to_json(facts_of(merged(*order))) for order in permutations(additions)}
    assert len(results) == 1


@given(st.lists(ADDITIONS, min_size=1, max_size=4), st.data())
def test_the_same_again_changes_nothing(additions, data):
    manifest = merged(*additions)
    assert merge(manifest, data.draw(st.sampled_from(additions))) is manifest


@given(st.lists(ADDITIONS, min_size=1, max_size=4))
def test_it_holds_what_the_writers_said(additions):
    manifest = merged(*additions)
    held = ids(interval.interval for addition in additions for interval in addition.objects)
    assert ids(manifest.intervals) == held
    assert manifest.intervals == union(manifest.intervals)
    assert manifest.count == len(held)
    open_ids = ids((gap.first_id, gap.last_id) for gap in manifest.gaps if gap.first_id and gap.last_id)
    assert not open_ids & held
    said = ids(
        (gap.first_id, gap.last_id)
        for addition in additions
        for gap in addition.gaps
        if gap.first_id and gap.last_id
    )
    assert said <= open_ids | held
    assert open_ids <= said | ids([(KLINE.f, KLINE.L)])
    assert manifest.collectors == sorted({addition.collector for addition in additions})


@given(st.lists(ADDITIONS, min_size=1, max_size=4))
def test_it_is_the_same_after_a_journey_as_json(additions):
    manifest = merged(*additions)
    assert manifest_from_json(to_json(manifest), "key") == manifest


def test_revision_counts_the_changes():
    first = add(objects=[manifest_object(1, 3)])
    assert merged(first).revision == 1
    assert merged(first, first, add(collector="b"), add(closed=True)).revision == 3


# --- gaps -------------------------------------------------------------------------------------------------


def test_a_gap_shrinks_by_what_comes_and_splits():
    manifest = merged(add(gaps=[Gap(1, 10, "gap")]), add(objects=[manifest_object(4, 5)]))
    assert manifest.gaps == [Gap(1, 3, "gap"), Gap(6, 10, "gap")]


def test_a_gap_goes_once_all_is_here_or_elsewhere():
    manifest = merged(add(gaps=[Gap(1, 10, "gap")]), add(objects=[manifest_object(4, 10)]))
    assert merge(manifest, add(healed=[(1, 3)])).gaps == []


def test_what_the_exchange_does_not_have_is_no_gap_any_more():
    manifest = merged(add(gaps=[Gap(1, 10, "gap")]), add(gaps=[Gap(3, 4, "absent_upstream")], closed=True))
    assert manifest.gaps == [Gap(1, 2, "gap"), Gap(3, 4, "absent_upstream"), Gap(5, 10, "gap")]
    assert manifest.condition == "degraded"


@pytest.mark.parametrize(
    ("edge", "answer"),
    [
        (Gap(None, 9, "collection_start"), manifest_object(5, 9)),
        (Gap(13, None, "collection_end"), manifest_object(13, 20)),
    ],
)
def test_an_edge_resolves_when_the_next_id_is_here(edge, answer):
    open_edge = merged(add(objects=[manifest_object(10, 12)], gaps=[edge]))
    assert open_edge.gaps == [edge]
    assert open_edge.condition == "degraded"
    assert merge(open_edge, add(objects=[answer])).gaps == []
    assert merge(open_edge, add(healed=[answer.interval])).gaps == []
    assert merge(open_edge, add(objects=[manifest_object(30, 31)])).gaps == [edge]


# --- the kline --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([manifest_object(1, 12, totals=ONE)], True),
        ([manifest_object(1, 12)], False),
        ([manifest_object(1, 11, totals=ONE)], None),
        ([manifest_object(1, 13, totals=ONE)], False),
        ([manifest_object(0, 11, totals=ONE)], False),
        ([manifest_object(1, 12, totals=ONE), manifest_object(5, 12)], None),
        ([], None),
    ],
)
def test_a_kline_and_the_objects(objects, expected):
    assert kline_matches(kline(0, 1, 12, ONE), objects) is expected


def test_objects_are_added_up():
    parts = [
        manifest_object(1, 6, totals=Totals("0.4", "1", "0.5", "0")),
        manifest_object(7, 12, totals=Totals("0.6", "1", "0", "1")),
    ]
    assert kline_matches(kline(0, 1, 12, ONE), parts) is True


def test_a_minute_without_trades_and_its_kline_agree():
    assert kline_matches(kline(0, 0, -1), []) is True
    assert kline_matches(kline(0, 0, -1), [manifest_object(1, 1)]) is False
    assert kline_matches(None, []) is None


# --- condition --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "pending"),
        ({"closed": True}, "available"),
        ({"closed": True, "gaps": [Gap(1, 2, "gap")]}, "degraded"),
        ({"closed": False, "gaps": [Gap(1, 2, "gap")]}, "degraded"),
        ({"closed": True, "gaps": [Gap(1, 2, "absent_upstream")]}, "available"),
        ({"closed": True, "gaps": [Gap(None, 2, "collection_start")]}, "degraded"),
        ({"closed": True, "kline": KLINE, "objects": [manifest_object(1, 12, totals=ONE)]}, "degraded"),
        ({"closed": True, "kline": KLINE, "objects": [manifest_object(1, 12)]}, "available"),
        ({"closed": False, "kline": KLINE, "objects": [manifest_object(1, 5)]}, "pending"),
    ],
)
def test_condition(facts, expected):
    assert merged(add(**facts)).condition == expected


def test_a_closed_minute_lists_what_its_kline_certifies_and_it_lacks():
    """The stream of trades was silent, that of klines was not: without this the minute would look empty."""
    certified = add(closed=True, kline=kline(0, 1, 12), objects=[manifest_object(3, 5)])
    manifest = merged(certified)
    assert (manifest.condition, manifest.gaps) == ("degraded", [Gap(1, 2, "gap"), Gap(6, 12, "gap")])
    healed = merge(manifest, add(objects=[manifest_object(1, 2), manifest_object(6, 12)]))
    assert (healed.condition, healed.gaps) == ("available", [])


# --- objects ----------------------------------------------------------------------------------------------


def test_superseded_objects_do_not_come_back():
    manifest = msgspec.structs.replace(
        merged(add(objects=[manifest_object(1, 5)])), superseded=[manifest_object(4, 9)]
    )
    assert merge(manifest, add(objects=[manifest_object(4, 9)])) is manifest


def test_an_object_that_is_listed_stays_as_it_was_listed():
    first = manifest_object(1, 5)
    again = msgspec.structs.replace(first, etag='"other"')
    assert merged(add(objects=[first]), add(objects=[again])).objects == [first]


def test_overlaps_are_named():
    manifest = merged(add(objects=[manifest_object(1, 5), manifest_object(4, 9)]))
    assert (manifest.overlaps, manifest.count) == ([(4, 5)], 9)


def test_the_settings_of_the_cut_are_those_of_the_last_writer():
    assert merged(add(cut=Grid(1)), add(cut=Grid(2)), add()).cut == Grid(2)


# --- JSON -------------------------------------------------------------------------------------------------


def test_json_is_for_people_and_in_the_words_of_the_contract():
    text = to_json(merged(add(objects=[manifest_object(1, 3)], kline=KLINE))).decode()
    assert text.startswith('{\n  "symbol": "BTCUSDT",\n  "minute": "2026-11-20T05:00:00Z",')
    assert text.endswith("}\n")
    assert msgspec.json.decode(text)["intervals"] == [[1, 3]]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"symbol": 1}', b"\xff"])
def test_a_damaged_manifest_is_named(body):
    with pytest.raises(InvalidRecord, match=r"^a/key is not a minute manifest: "):
        manifest_from_json(body, "a/key")


def test_any_truncation_is_damage():
    previous = Previous(HOUR - timedelta(minutes=1), 0)
    body = to_json(merged(add(objects=[manifest_object(1, 3)], previous=previous)))
    for length in range(len(body) - 2):
        with pytest.raises(InvalidRecord, match="a/key"):
            manifest_from_json(body[:length], "a/key")

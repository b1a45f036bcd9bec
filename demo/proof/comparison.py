"""The checks on trades: nothing missing, nothing twice, nothing different, nothing out of place."""

from __future__ import annotations

from collections.abc import Iterable

from demo.proof.lake import Lake
from demo.proof.section import Section, Span, spans_text
from demo.proof.trades import Trades

_CHECKS = {
    "missing": "SELECT trade_id FROM published ANTI JOIN lake USING (trade_id)",
    "duplicated": "SELECT trade_id FROM lake GROUP BY trade_id HAVING count(*) > 1",
    "different": """
        SELECT trade_id FROM lake JOIN published USING (trade_id)
        WHERE (lake.price, lake.qty, lake.trade_ts_us, lake.is_buyer_maker)
              IS DISTINCT FROM
              (published.price, published.qty, published.trade_ts_us, published.is_buyer_maker)""",
    "never published": "SELECT trade_id FROM lake ANTI JOIN published USING (trade_id)",
    "out of place": """
        SELECT trade_id FROM lake
        WHERE symbol IS DISTINCT FROM $symbol
           OR NOT starts_with(url, $root || strftime(make_timestamp(trade_ts_us), '%Y/%m/%d/%H/%M/'))""",
    "of another time than trade_ts_us": """
        SELECT trade_id FROM lake WHERE epoch_us(trade_time) IS DISTINCT FROM trade_ts_us""",
    "of an unknown source": """
        SELECT trade_id FROM lake WHERE coalesce(source, '') NOT IN ('ws', 'sbe', 'rest', 'archive')""",
}
"""Queries for the ids that break a rule: id, price, quantity, time and maker are compared exactly."""


def check_trades(lake: Lake, trades: Trades) -> Section:
    """Compare every trade published with every trade in the lake."""
    section = Section("Trades, sent and in the lake", ("", "trades", "ids"), where=lake.url(lake.prefix))
    for name, table in (("sent by the exchange", "published"), ("in the lake", "lake")):
        query = f"SELECT trade_id FROM {table}"
        section.rows.append((name, str(trades.count(query)), spans_text(trades.spans(query))))
    for name, query in _CHECKS.items():
        bound = {"symbol": lake.symbol, "root": lake.url(lake.prefix)} if "$symbol" in query else {}
        spans = trades.spans(query, **bound)
        number = sum(last - first + 1 for first, last in spans)
        section.rows.append((name, str(number), spans_text(spans)))
        section.demand(not spans, f"trades {name}: {number} (ids {spans_text(spans)})")
    section.failures += trades.wrong_types()
    return section


def check_manifests(lake: Lake, trades: Trades) -> Section:
    """Count the minutes by condition, and hold what each manifest says against the objects it lists."""
    section = Section("Minute manifests", ("condition", "minutes", "trades"))
    section.where = lake.url(f"{lake.prefix}YYYY/MM/DD/HH/mm/_manifest.json")
    for condition in sorted({manifest.condition for manifest in lake.manifests}):
        having = [manifest for manifest in lake.manifests if manifest.condition == condition]
        section.rows.append((condition, str(len(having)), str(sum(manifest.count for manifest in having))))
    for manifest in lake.manifests:
        listed = sum(entry.rows for entry in manifest.objects)
        section.demand(
            manifest.count == listed,
            f"{lake.url(manifest.key)}: count {manifest.count}, objects have {listed}",
        )
        ids = _union((entry.first_id, entry.last_id) for entry in manifest.objects)
        section.demand(
            list(manifest.intervals) == ids,
            f"{lake.url(manifest.key)}: intervals {spans_text(manifest.intervals)}, "
            f"objects have {spans_text(ids)}",
        )
    query = "SELECT url, count(*), min(trade_id), max(trade_id) FROM lake GROUP BY url"
    actual = {str(url): tuple(facts) for url, *facts in trades.rows(query)}
    for entry in lake.objects:
        claimed, found = (entry.rows, entry.first_id, entry.last_id), actual.get(lake.url(entry.key))
        section.demand(
            found in (None, claimed),
            f"{lake.url(entry.key)}: rows, first, last are {found}, listed as {claimed}",
        )
    return section


def _union(spans: Iterable[Span]) -> list[Span]:
    """Merge ranges of ids; those that touch become one."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged

"""An hour made ready by Airflow, from what a real collector wrote, with the simulated exchange at REST."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.lake.catalog import read_catalog
from include.lake.reading import read_hour
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.dags.collected_hour import FORGOTTEN, HOLED, HOLES, WHOLE, CollectedHour
from tests.dags.conftest import HourOf, RunDag
from tests.lake_writing import as_published, objects
from tests.market import HOUR, KEY, Published

CONF = {"partition_key": KEY}
TASKS = ("catalog", "keys", "wait", "verify", "repair", "seal", "emit")
ALL_SUCCEED = dict.fromkeys(TASKS, "success")
CENTURIES = "2000000"
"""A deadline that is never past, in hours."""


def hour_prefix(symbol: str) -> str:
    return f"Binance/{symbol}/2026/01/31/05/"


def document(lake: Bucket, symbol: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lake.get(f"{hour_prefix(symbol)}{name}"))
    return content


def manifests(lake: Bucket, symbol: str) -> dict[str, dict[str, Any]]:
    keys = [key for key in lake.keys(hour_prefix(symbol)) if key.endswith("_manifest.json")]
    return {key: json.loads(lake.get(key)) for key in keys}


def trades(lake: Bucket, symbol: str) -> list[Published]:
    store = S3Store(lake.client, lake.name)
    return as_published(read_hour(store, read_catalog(store).symbols[symbol], HOUR))


def published(collected: CollectedHour, symbol: str) -> list[Published]:
    rows = collected.market.trades(symbol)
    return [row for row in rows if HOUR <= row.minute < HOUR + timedelta(hours=1)]


def withheld(symbol: str) -> set[int]:
    return {trade_id for first, last in HOLES[symbol] for trade_id in range(first, last + 1)}


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def emitted(run: Any) -> list[tuple[str, str | None]]:
    """Asset and partition key of every event that a run caused."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = (
        select(AssetModel.name, AssetEvent.partition_key)
        .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        .where(AssetEvent.source_run_id == run.run_id, AssetEvent.source_dag_id == run.dag_id)
    )
    with create_session() as session:
        return [(name, key) for name, key in session.execute(query)]


def test_a_complete_hour(
    run_dag: RunDag,
    hour_of: HourOf,
    collected_hour: CollectedHour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = hour_of(WHOLE)
    run = run_dag("trades_hour_ready", conf=CONF)
    assert (run.state, states(run)) == ("success", ALL_SUCCEED)
    assert emitted(run) == [("trades_hour", KEY)]

    rows = published(collected_hour, WHOLE)
    facts = {
        "symbol": WHOLE,
        "hour": "2026-01-31T05:00:00Z",
        "version": 1,
        "first_id": rows[0].trade_id,
        "last_id": rows[-1].trade_id,
        "count": len(rows),
        "sources": {"ws": len(rows)},
        "kline_matches": True,
    }
    status = document(lake, WHOLE, "_STATUS.json")
    assert facts.items() <= status.items()
    assert (status["condition"], status["reasons"], status["absent_upstream"], status["minutes"]) == (
        "available",
        [],
        [],
        {"available": 60},
    )
    ready = document(lake, WHOLE, "_READY.json")
    assert facts.items() <= ready.items()
    stored = objects(lake)
    assert ready["manifests"] == {key: stored[key][0] for key in manifests(lake, WHOLE)}
    assert len(ready["manifests"]) == 60
    assert lake.get(f"{hour_prefix(WHOLE)}_ready/v0001.json") == lake.get(f"{hour_prefix(WHOLE)}_READY.json")
    assert trades(lake, WHOLE) == rows

    monkeypatch.delenv("AIRFLOW_CONN_BINANCE_DEFAULT")
    run = run_dag("trades_hour_ready", conf=CONF)
    assert (run.state, states(run)) == ("success", ALL_SUCCEED)
    assert emitted(run) == [("trades_hour", KEY)]
    assert objects(lake) == stored, "a second run writes nothing, and needs no connection to the exchange"


def test_holes_are_repaired_once_the_exchange_answers(
    run_dag: RunDag,
    hour_of: HourOf,
    collected_hour: CollectedHour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__TRADELAKE__HOUR_DEADLINE_HOURS", CENTURIES)
    lake, market = hour_of(HOLED), collected_hour.market
    rows, missing = published(collected_hour, HOLED), withheld(HOLED)
    collected = [row for row in rows if row.trade_id not in missing]
    assert trades(lake, HOLED) == collected

    market.fail_rest(418)
    run = run_dag("trades_hour_ready", conf=CONF | {"emit_degraded": True})
    assert (run.state, states(run)) == ("success", ALL_SUCCEED)
    assert emitted(run) == [("trades_hour", KEY)], "a person said so"
    status = document(lake, HOLED, "_STATUS.json")
    assert (status["condition"], status["version"], status["sources"]) == (
        "degraded",
        1,
        {"ws": len(collected)},
    )
    assert status["reasons"] == [
        {"reason": "gap", "first_id": first, "last_id": last, "minute": None} for first, last in HOLES[HOLED]
    ]
    assert lake.keys(f"{hour_prefix(HOLED)}_READY.json") == []

    run = run_dag("trades_hour_ready", conf=CONF)
    assert (run.state, emitted(run)) == ("success", [("trades_hour", KEY)])
    assert trades(lake, HOLED) == rows, "ids, prices, quantities, times and makers as the exchange published"
    status = document(lake, HOLED, "_STATUS.json")
    assert (status["condition"], status["version"], status["reasons"]) == ("available", 2, [])
    ready = document(lake, HOLED, "_READY.json")
    assert (ready["version"], ready["count"], ready["kline_matches"]) == (1, len(rows), True)
    assert ready["sources"] == {"rest": len(rows) - len(collected), "ws": len(collected)}
    minutes = manifests(lake, HOLED).values()
    assert len(minutes) == 60
    assert all(minute["closed"] and minute["kline_matches"] and minute["gaps"] == [] for minute in minutes)


def test_what_the_exchange_does_not_have(
    run_dag: RunDag, hour_of: HourOf, collected_hour: CollectedHour
) -> None:
    lake, market = hour_of(FORGOTTEN), collected_hour.market
    run = run_dag("trades_hour_ready", conf=CONF)
    assert (run.state, emitted(run)) == ("success", [("trades_hour", KEY)])
    status = document(lake, FORGOTTEN, "_STATUS.json")
    assert (status["condition"], status["reasons"]) == ("available", [])
    assert status["absent_upstream"] == [list(ids) for ids in HOLES[FORGOTTEN]]
    missing = withheld(FORGOTTEN)
    assert trades(lake, FORGOTTEN) == [
        row for row in published(collected_hour, FORGOTTEN) if row.trade_id not in missing
    ]

    before = objects(lake)
    market.fail_rest(418)
    assert run_dag("trades_hour_ready", conf=CONF).state == "success"
    assert objects(lake) == before
    assert market.failures_left() == 1, "the exchange was not asked again"
    market.take_failures()


def test_a_degraded_hour_waits_for_its_deadline(
    run_dag: RunDag, hour_of: HourOf, collected_hour: CollectedHour
) -> None:
    """It is sealed at once, and emitted when the time is over."""
    lake = hour_of(FORGOTTEN)
    moments = []

    def end_soon(context: Any) -> None:
        moments.append(datetime.now(UTC))
        context["task"].deadline = moments[0] + timedelta(seconds=2) - HOUR - timedelta(hours=1)

    def change(dag: Any) -> None:
        dag.get_task("emit").pre_execute = end_soon

    collected_hour.market.fail_rest(418)
    run = run_dag("trades_hour_ready", conf=CONF, change=change)
    waited_from, waited_until = moments
    assert waited_until - waited_from >= timedelta(seconds=2)
    assert (run.state, states(run)) == ("success", ALL_SUCCEED)
    assert emitted(run) == [("trades_hour", KEY)]
    assert document(lake, FORGOTTEN, "_STATUS.json")["condition"] == "degraded"


def test_a_damaged_manifest_holds_up_no_other_symbol(run_dag: RunDag, hour_of: HourOf) -> None:
    lake = hour_of(HOLED, WHOLE)
    lake.put(f"{hour_prefix(HOLED)}07/_manifest.json", b'{"symbol": "BTC')
    run = run_dag("trades_hour_ready", conf=CONF)
    assert (run.state, emitted(run)) == ("failed", [])
    assert states(run) == ALL_SUCCEED | {"seal": "failed", "emit": "upstream_failed"}
    assert document(lake, WHOLE, "_READY.json")["version"] == 1
    assert lake.keys(f"{hour_prefix(HOLED)}_STATUS.json") == []


@pytest.mark.parametrize("hour", [KEY, "2026-01-30T05:00:00"], ids=["no-catalog", "before-the-collection"])
def test_an_hour_that_the_lake_should_not_hold(
    run_dag: RunDag, lake: Bucket, hour_of: HourOf, hour: str
) -> None:
    if hour != KEY:
        hour_of(WHOLE)
    before = objects(lake)
    run = run_dag("trades_hour_ready", conf={"partition_key": hour})
    assert (run.state, states(run)) == ("success", ALL_SUCCEED | {"emit": "skipped"})
    assert emitted(run) == []
    assert objects(lake) == before


def test_a_wrong_key_fails_before_anything_is_read(run_dag: RunDag, lake: Bucket) -> None:
    run = run_dag("trades_hour_ready", conf={"partition_key": "yesterday"})
    assert run.state == "failed"
    assert states(run)["catalog"] == "failed"
    assert lake.keys() == []

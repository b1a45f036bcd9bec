"""The downstream examples, run by Airflow on what a real collector wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from include.lake.catalog import read_catalog
from include.lake.hours import Hours
from include.stores.s3 import S3Store
from tests.conftest import Bucket
from tests.dags.collected_hour import HOLED, WHOLE, CollectedHour
from tests.dags.conftest import HourOf, RunDag
from tests.lake_writing import objects
from tests.market import HOUR, KEY

CONF = {"partition_key": KEY}


def expected(collected: CollectedHour, symbol: str) -> dict[str, Any]:
    """The figures, from what the exchange published."""
    rows = [row for row in collected.market.trades(symbol) if HOUR <= row.minute < HOUR + timedelta(hours=1)]
    prices = sorted(Decimal(row.price) for row in rows)
    volume = sum((Decimal(row.qty) for row in rows), Decimal(0))
    quote_volume = sum((Decimal(row.price) * Decimal(row.qty) for row in rows), Decimal(0))
    vwap = (quote_volume / volume).quantize(Decimal("1e-8"), ROUND_HALF_EVEN)
    return {
        "count": len(rows),
        "first_id": rows[0].trade_id,
        "last_id": rows[-1].trade_id,
        "high": f"{prices[-1]:f}",
        "low": f"{prices[0]:f}",
        "volume": f"{volume:f}",
        "quote_volume": f"{quote_volume:f}",
        "vwap": f"{vwap:f}",
    }


def seal(lake: Bucket, symbol: str) -> str:
    store = S3Store(lake.client, lake.name)
    hours = Hours(store, read_catalog(store).symbols[symbol])
    return hours.seal(HOUR, datetime.now(UTC)).condition


def test_on_the_asset(run_dag: RunDag, hour_of: HourOf, collected_hour: CollectedHour) -> None:
    lake = hour_of(WHOLE)
    key = f"Examples/asset/{WHOLE}/2026-01-31T05.json"
    assert run_dag("example_downstream_asset", conf=CONF).state == "success"
    assert lake.keys("Examples/") == [key]
    assert json.loads(lake.get(key)) == expected(collected_hour, WHOLE)

    before = objects(lake)
    assert run_dag("example_downstream_asset", conf=CONF).state == "success"
    assert objects(lake) == before


def test_on_the_key(
    run_dag: RunDag, hour_of: HourOf, collected_hour: CollectedHour, monkeypatch: Any
) -> None:
    """The sensor waits for the one key of its symbol, which only an available hour has."""
    monkeypatch.setenv("AIRFLOW__TRADELAKE__EXAMPLE_SYMBOL", WHOLE)
    lake = hour_of(WHOLE, HOLED)
    assert seal(lake, HOLED) == "degraded"

    def look_once(dag: Any) -> None:
        wait = dag.get_task("wait")
        wait.deferrable, wait.timeout = False, 0

    run = run_dag("example_downstream_sensor", conf=CONF, change=look_once)
    assert run.state == "failed"
    assert {task.task_id: str(task.state) for task in run.get_task_instances()} == {
        "wait": "failed",
        "summarise": "upstream_failed",
    }
    assert lake.keys("Examples/") == []

    assert seal(lake, WHOLE) == "available"
    key = f"Examples/sensor/{WHOLE}/2026-01-31T05.json"
    assert run_dag("example_downstream_sensor", conf=CONF).state == "success"
    assert lake.keys("Examples/") == [key], "no other symbol's hour is known to be complete"
    assert json.loads(lake.get(key)) == expected(collected_hour, WHOLE)

    before = objects(lake)
    assert run_dag("example_downstream_sensor", conf=CONF).state == "success"
    assert objects(lake) == before

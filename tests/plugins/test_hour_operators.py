"""What the operators and the sensor of an hour do themselves, on a real bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.triggers.s3 import S3KeyTrigger
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from airflow.sdk.execution_time.context import OutletEventAccessors

from demo.ports import free_ports
from include.errors import LakeError, StoreRefused
from include.lake.keys import TradeKeys
from tests.conftest import Bucket
from tests.lake_writing import collect, objects
from tests.market import Published
from tradelake.hooks.lake import LakeHook
from tradelake.operators.examples import SummariseHourOperator
from tradelake.operators.hours import (
    AwaitedKeysOperator,
    EmitHourOperator,
    RepairHourOperator,
    SealHourOperator,
    VerifyHourOperator,
)
from tradelake.sensors.hours import HourKeySensor

HOUR = datetime(2026, 1, 31, 5, tzinfo=UTC)
KEY = "2026-01-31T05:00:00"
TRADES_HOUR = Asset("trades_hour")
LONG_AGO, NEVER = timedelta(hours=1), timedelta(days=365 * 200)
"""Deadlines of the hour: long past, and not in our time."""

Execute = Callable[..., Any]


@pytest.fixture
def lake(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty lake that Airflow's connections lead to; no exchange answers."""
    endpoint = bucket.endpoint
    s3 = {
        "conn_type": "aws",
        "login": endpoint.access_key,
        "password": endpoint.secret_key,
        "extra": {"endpoint_url": endpoint.url, "region_name": endpoint.region},
    }
    [port] = free_ports(1)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(s3))
    monkeypatch.setenv(
        "AIRFLOW_CONN_BINANCE_DEFAULT", json.dumps({"conn_type": "http", "host": f"http://127.0.0.1:{port}"})
    )
    monkeypatch.setenv("AIRFLOW__TRADELAKE__BUCKET", bucket.name)
    return bucket


def context(key: str = KEY) -> dict[str, Any]:
    return {
        "partition_key": key,
        "params": {"partition_key": None, "emit_degraded": False},
        "dag_run": SimpleNamespace(logical_date=None, run_after=HOUR),
        "outlet_events": OutletEventAccessors(),
    }


def trade(trade_id: int, moment: datetime) -> Published:
    return Published(trade_id, "100.00000000", "0.50000000", int(moment.timestamp() * 1_000_000), False)


def first_minutes() -> list[Published]:
    """A trade before the hour, and one in each of its first nine minutes."""
    return [trade(100 + number, HOUR + timedelta(minutes=number - 1)) for number in range(10)]


def around_a_silent_hour() -> list[Published]:
    return [trade(100, HOUR - timedelta(seconds=5)), trade(101, HOUR + timedelta(minutes=60, seconds=3))]


def seal(lake: Bucket) -> Any:
    return SealHourOperator(task_id="seal", bucket=lake.name, fail_at_end=True).execute(context())


def verify(lake: Bucket) -> Any:
    return VerifyHourOperator(task_id="verify", bucket=lake.name).execute(context())


def repair(lake: Bucket, missing: dict[str, Any]) -> Any:
    return RepairHourOperator(task_id="repair", bucket=lake.name, missing=missing).execute(context())


def document(lake: Bucket, name: str, symbol: str = "BTCUSDT") -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lake.get(f"Binance/{symbol}/2026/01/31/05/{name}"))
    return content


class TestAwaitedKeys:
    def test_the_next_hour_of_each_symbol(self, lake: Bucket) -> None:
        collect(lake, first_minutes())
        collect(lake, first_minutes(), symbol="ETHUSDT")
        assert self.keys(lake) == [
            "Binance/BTCUSDT/2026/01/31/06/00/_manifest.json",
            "Binance/ETHUSDT/2026/01/31/06/00/_manifest.json",
        ]

    def test_a_symbol_that_was_not_collected_then_is_not_awaited(self, lake: Bucket) -> None:
        collect(lake, first_minutes())
        collect(lake, [trade(1, HOUR + timedelta(minutes=60))], symbol="ETHUSDT")
        assert self.keys(lake) == ["Binance/BTCUSDT/2026/01/31/06/00/_manifest.json"]
        assert self.keys(lake, "2026-01-31T03:00:00") == ["_catalog.json"]

    def test_the_catalog_where_there_is_none(self, lake: Bucket) -> None:
        assert self.keys(lake) == ["_catalog.json"]

    @staticmethod
    def keys(lake: Bucket, key: str = KEY) -> Any:
        return AwaitedKeysOperator(task_id="keys", bucket=lake.name).execute(context(key))


class TestSeal:
    def test_an_hour_without_a_trade(self, lake: Bucket) -> None:
        collect(lake, around_a_silent_hour())
        assert verify(lake) == {"BTCUSDT": []}
        assert seal(lake) == {"BTCUSDT": "available"}
        ready = document(lake, "_READY.json")
        facts = [ready[name] for name in ("count", "first_id", "last_id", "sources", "kline_matches")]
        assert facts == [0, None, None, {}, True]
        assert len(ready["manifests"]) == 60
        before = objects(lake)
        assert seal(lake) == {"BTCUSDT": "available"}
        assert objects(lake) == before

    def test_an_hour_without_a_manifest(self, lake: Bucket) -> None:
        collect(lake, [trade(100, HOUR - timedelta(minutes=1))])
        collect(lake, [trade(121, HOUR + timedelta(minutes=60))])
        assert verify(lake) == {"BTCUSDT": [(101, 120)]}
        assert seal(lake) == {"BTCUSDT": "missing"}
        assert document(lake, "_STATUS.json")["minutes"] == {"missing": 60}
        assert lake.keys("Binance/BTCUSDT/2026/01/31/05/") == ["Binance/BTCUSDT/2026/01/31/05/_STATUS.json"]

    def test_the_hour_in_which_the_collection_began(self, lake: Bucket) -> None:
        collect(lake, [*first_minutes()[5:], trade(110, HOUR + timedelta(minutes=60))])
        assert seal(lake) == {"BTCUSDT": "degraded"}
        reasons = document(lake, "_STATUS.json")["reasons"]
        assert [(held["reason"], held["first_id"], held["last_id"]) for held in reasons] == [
            ("collection_start", None, 104)
        ]

    def test_damaged_objects_are_named_once_all_symbols_had_their_turn(self, lake: Bucket) -> None:
        for symbol, rows in (
            ("ADAUSDT", first_minutes()),
            ("BTCUSDT", around_a_silent_hour()),
            ("ETHUSDT", first_minutes()),
        ):
            collect(lake, rows, symbol=symbol)
        damaged = [
            TradeKeys(f"Binance/{symbol}/").manifest(HOUR + timedelta(minutes=7))
            for symbol in ("ADAUSDT", "ETHUSDT")
        ]
        for key in damaged:
            lake.put(key, b'{"symbol": "x')
        with pytest.raises(LakeError) as caught:
            seal(lake)
        assert str(caught.value) == (
            f"ADAUSDT: {damaged[0]} is not a minute manifest: Input data was truncated; "
            f"ETHUSDT: {damaged[1]} is not a minute manifest: Input data was truncated"
        )
        assert document(lake, "_READY.json")["count"] == 0
        assert verify(lake) == {"BTCUSDT": []}, "without failing: seal does"

    def test_a_damaged_catalog(self, lake: Bucket) -> None:
        lake.put("_catalog.json", b"[]")
        with pytest.raises(LakeError, match=r"_catalog.json is not a catalog: .*: correct it by hand"):
            seal(lake)

    def test_a_wrong_secret(self, lake: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        connection = {
            "conn_type": "aws",
            "login": lake.endpoint.access_key,
            "password": "wrong",
            "extra": {"endpoint_url": lake.endpoint.url, "region_name": lake.endpoint.region},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        with pytest.raises(StoreRefused, match="check the key, the secret") as caught:
            seal(lake)
        assert "wrong" not in str(caught.value)


class TestRepair:
    def test_an_exchange_that_is_away_is_no_failure(
        self, lake: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _: None)
        collect(lake, first_minutes(), withheld=[103])
        before = objects(lake)
        missing = verify(lake)
        assert missing == {"BTCUSDT": [(103, 103)]}
        assert repair(lake, missing) == {}
        assert objects(lake) == before

    def test_nothing_is_missing(self, lake: Bucket) -> None:
        collect(lake, first_minutes())
        assert repair(lake, verify(lake)) == {"BTCUSDT": {"healed": [], "absent": [], "left": []}}

    def test_a_symbol_that_could_not_be_verified_is_left_alone(self, lake: Bucket) -> None:
        collect(lake, first_minutes(), withheld=[103])
        assert repair(lake, {}) == {"BTCUSDT": {"healed": [], "absent": [], "left": []}}


def emit(conditions: dict[str, str], deadline: timedelta, **options: Any) -> EmitHourOperator:
    return EmitHourOperator(
        task_id="emit", conditions=conditions, deadline=deadline, outlets=[TRADES_HOUR], **options
    )


class TestEmit:
    @pytest.mark.parametrize(
        ("conditions", "deadline", "emit_degraded"),
        [
            ({"BTCUSDT": "available", "ETHUSDT": "available"}, NEVER, False),
            ({"BTCUSDT": "available", "ETHUSDT": "degraded"}, LONG_AGO, False),
            ({"BTCUSDT": "missing"}, LONG_AGO, "False"),
            ({"BTCUSDT": "degraded"}, NEVER, True),
            ({"BTCUSDT": "degraded"}, NEVER, "True"),
        ],
    )
    def test_at_once(self, conditions: dict[str, str], deadline: timedelta, emit_degraded: Any) -> None:
        run = context()
        assert emit(conditions, deadline, emit_degraded=emit_degraded).execute(run) == KEY
        assert run["outlet_events"][TRADES_HOUR].partition_keys == {KEY}

    @pytest.mark.parametrize("emit_degraded", [False, "False", None, ""])
    def test_a_degraded_hour_is_put_off_to_its_deadline(self, emit_degraded: Any) -> None:
        operator = emit({"BTCUSDT": "degraded", "ETHUSDT": "available"}, NEVER, emit_degraded=emit_degraded)
        run = context()
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute(run)
        assert isinstance(deferred.value.trigger, DateTimeTrigger)
        assert deferred.value.trigger.moment == HOUR + timedelta(hours=1) + NEVER
        assert deferred.value.timeout is None
        assert run["outlet_events"][TRADES_HOUR].partition_keys == set()

        resumed = context()
        assert getattr(operator, deferred.value.method_name)(resumed, event=HOUR) == KEY
        assert resumed["outlet_events"][TRADES_HOUR].partition_keys == {KEY}

    def test_an_hour_that_the_lake_should_not_hold_is_not_emitted(self) -> None:
        with pytest.raises(AirflowSkipException, match="the catalog has nothing for this hour"):
            emit({}, LONG_AGO).execute(context())

    def test_the_key_of_a_run_without_a_partition(self) -> None:
        run = context() | {"partition_key": None, "params": {"partition_key": "2026-01-31T04:00:00"}}
        emit({"BTCUSDT": "available"}, NEVER).execute(run)
        assert run["outlet_events"][TRADES_HOUR].partition_keys == {"2026-01-31T04:00:00"}


class TestSensor:
    def test_what_is_left_of_the_time(self, lake: Bucket) -> None:
        over, before = HOUR + timedelta(hours=1) + NEVER, datetime.now(UTC)
        with pytest.raises(TaskDeferred) as deferred:
            self.sensor(lake, NEVER).execute(context())
        trigger, timeout = deferred.value.trigger, deferred.value.timeout
        assert isinstance(trigger, S3KeyTrigger)
        assert (trigger.bucket_name, trigger.bucket_key, trigger.poke_interval) == (lake.name, "some-key", 60)
        assert over - datetime.now(UTC) <= timeout <= over - before

    def test_a_key_that_is_there(self, lake: Bucket) -> None:
        lake.put("some-key", b"")
        self.sensor(lake, NEVER).execute(context())

    def test_an_hour_past_its_deadline_is_not_waited_for(self, lake: Bucket) -> None:
        self.sensor(lake, LONG_AGO).execute(context())

    @staticmethod
    def sensor(lake: Bucket, deadline: timedelta) -> HourKeySensor:
        return HourKeySensor(
            task_id="wait",
            bucket_name=lake.name,
            bucket_key="some-key",
            deadline=deadline,
            deferrable=True,
            poke_interval=60,
        )


@pytest.mark.parametrize("native", [True, False])
def test_templates(native: bool) -> None:
    """What the DAG gives by template arrives as it was meant, with native objects or text."""
    with DAG("templates", schedule=None, render_template_as_native_obj=native) as dag:
        operators: Sequence[Any] = [
            VerifyHourOperator(task_id="verify", bucket="{{ params.lake }}", aws_conn_id="{{ params.aws }}"),
            RepairHourOperator(
                task_id="repair",
                bucket="{{ params.lake }}",
                missing={"BTCUSDT": [(1, 2)]},
                binance_conn_id="{{ params.exchange }}",
            ),
            SummariseHourOperator(task_id="summarise", bucket="{{ params.lake }}", prefix="Examples/"),
            EmitHourOperator(
                task_id="emit",
                conditions={"BTCUSDT": "degraded"},
                deadline=NEVER,
                emit_degraded="{{ params.emit_degraded }}",
                outlets=[TRADES_HOUR],
            ),
        ]
    params = {"lake": "my-lake", "aws": "my-aws", "exchange": "my-exchange", "emit_degraded": True}
    run = context() | {"params": params}
    for operator in operators:
        operator.render_template_fields(run, dag.get_template_env())
    verifying, repairing, summarising, emitting = operators
    assert (verifying.bucket, verifying.aws_conn_id) == ("my-lake", "my-aws")
    assert (repairing.bucket, repairing.binance_conn_id) == ("my-lake", "my-exchange")
    assert repairing.missing == {"BTCUSDT": [(1, 2)]}
    assert summarising.bucket == "my-lake"
    assert emitting.execute(run) == KEY


def test_the_lake_of_the_settings(lake: Bucket) -> None:
    lake.put("here", b"it is")
    assert LakeHook().store.get("here").body == b"it is"

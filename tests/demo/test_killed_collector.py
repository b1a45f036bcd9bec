"""The collector is killed in the middle of the market: what it missed is listed, then healed, then proved."""

from __future__ import annotations

import csv
import json
import os
import signal
import time

import pytest

from tests.conftest import Bucket
from tests.demo.conftest import SYMBOL, RealLake, playing

pytestmark = pytest.mark.integration


def test_missing_ids_are_exactly_the_listed_gaps_and_repair_heals_them(bucket, tmp_path, prove):
    with playing(bucket, tmp_path, speed=400) as lake:
        collect_with_a_kill(lake)
        missing = published_ids(lake) - held_ids(bucket)
        assert missing
        assert missing == listed_gaps(bucket)
        lake.seal()
        proof = prove(bucket, lake.simulator)
        assert proof.returncode == 0, proof.stdout + proof.stderr


def collect_with_a_kill(lake: RealLake) -> None:
    """Kill the collector after a third of the market, start it again when trades have been missed."""
    with lake.collector() as first:
        lake.simulator.start_market()
        wait_for_trades(lake, 2_500)
        os.kill(first.process.pid, signal.SIGKILL)
    wait_for_trades(lake, 3_000)
    with lake.collector() as second:
        lake.collect_to_the_end(second)


def wait_for_trades(lake: RealLake, count: int) -> None:
    while lake.simulator.market().published[SYMBOL] < count:
        time.sleep(0.05)


def published_ids(lake: RealLake) -> set[int]:
    with lake.simulator.published.open(newline="") as log:
        return {int(row["trade_id"]) for row in csv.DictReader(log)}


def held_ids(bucket: Bucket) -> set[int]:
    intervals = [interval for manifest in manifests(bucket) for interval in manifest["intervals"]]
    return {trade_id for first, last in intervals for trade_id in range(first, last + 1)}


def listed_gaps(bucket: Bucket) -> set[int]:
    """The ids of all gaps that have two ends: the recording's own start and end have one."""
    gaps = [gap for manifest in manifests(bucket) for gap in manifest["gaps"] if None not in gap.values()]
    return {trade_id for gap in gaps for trade_id in range(gap["first_id"], gap["last_id"] + 1)}


def manifests(bucket: Bucket) -> list[dict]:
    keys = [key for key in bucket.keys("Binance/") if key.endswith("/_manifest.json")]
    return [json.loads(bucket.get(key)) for key in keys]

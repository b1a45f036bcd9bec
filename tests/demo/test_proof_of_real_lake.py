"""The proof program on a lake of real parts: intact it holds, with one trade deleted or doubled it fails."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.conftest import Bucket
from tests.demo.conftest import HOUR, SYMBOL

pytestmark = pytest.mark.integration

MINUTE = f"Binance/{SYMBOL}/{HOUR:%Y/%m/%d/%H}/30/"


def change_minute(bucket: Bucket, change: Callable[[pa.Table, int], pa.Table]) -> int:
    """Rewrite an object of the minute, and its manifest to fit; return the id that was changed.

    `change` is given the rows and the id to change.
    """
    manifest = json.loads(bucket.get(f"{MINUTE}_manifest.json"))
    entry = manifest["objects"][0]
    rows = pq.ParquetFile(io.BytesIO(bucket.get(entry["key"]))).read(use_threads=False)
    victim = rows["trade_id"][len(rows) // 2].as_py()
    file = io.BytesIO()
    changed = change(rows, victim)
    pq.write_table(changed, file)
    bucket.put(entry["key"], file.getvalue())
    entry |= {"rows": len(changed), "sha256": hashlib.sha256(file.getvalue()).hexdigest()}
    manifest["count"] += len(changed) - len(rows)
    bucket.put(f"{MINUTE}_manifest.json", json.dumps(manifest).encode())
    return victim


def delete(rows: pa.Table, victim: int) -> pa.Table:
    return rows.filter(pc.not_equal(rows["trade_id"], victim))


def double(rows: pa.Table, victim: int) -> pa.Table:
    return pa.concat_tables([rows, rows.filter(pc.equal(rows["trade_id"], victim))])


def replace_by_neighbour(rows: pa.Table, victim: int) -> pa.Table:
    return double(delete(rows, victim), victim + 1)


def test_intact(real_lake, prove):
    proof = prove(real_lake.bucket, real_lake.simulator)
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "The proof holds." in proof.stdout


def test_copy_of_an_intact_lake(copy, real_lake, prove):
    proof = prove(copy, real_lake.simulator)
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_one_trade_deleted(copy, real_lake, prove):
    victim = change_minute(copy, delete)
    proof = prove(copy, real_lake.simulator)
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert f"trades missing: 1 (ids {victim})" in proof.stdout
    assert "candle 2026-11-20T05:30: trades" in proof.stdout


def test_one_trade_doubled(copy, real_lake, prove):
    victim = change_minute(copy, double)
    proof = prove(copy, real_lake.simulator)
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert f"trades duplicated: 1 (ids {victim})" in proof.stdout


def test_one_trade_deleted_and_another_doubled(copy, real_lake, prove):
    victim = change_minute(copy, replace_by_neighbour)
    proof = prove(copy, real_lake.simulator)
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert f"trades missing: 1 (ids {victim})" in proof.stdout
    assert f"trades duplicated: 1 (ids {victim + 1})" in proof.stdout

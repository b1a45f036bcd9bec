"""The proof holds for an intact lake, and fails for each way in which a lake can be wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from demo.proof.__main__ import main
from tests.conftest import Bucket
from tests.demo import built_lake
from tests.demo.built_lake import FIRST_ID, HOUR_PREFIX, SYMBOL

pytestmark = pytest.mark.integration

TRADES = built_lake.market()
MINUTE, OF_MINUTE = built_lake.trades_of_minute(TRADES, 17)
KEY = f"{HOUR_PREFIX}17/batch-{OF_MINUTE[0].trade_id}.parquet"
VICTIM = OF_MINUTE[2]

Prove = Callable[..., tuple[int, str]]


@pytest.fixture
def lake(bucket: Bucket) -> Bucket:
    """An intact lake of one hour."""
    built_lake.write_lake(bucket, TRADES)
    return bucket


@pytest.fixture
def prove(
    lake: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prove:
    """Run the proof on the lake; returns the exit code and all that it printed."""
    published = tmp_path / "published.csv"
    built_lake.write_published(TRADES, published)
    for name, value in lake.endpoint.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str]:
        place = ["--endpoint", lake.endpoint.url, "--bucket", lake.name, "--published", str(published)]
        code = main([*place, "--symbol", SYMBOL, *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_intact_lake(prove):
    code, text = prove()
    assert "The proof holds." in text
    assert code == 0
    assert f"{FIRST_ID}-{FIRST_ID + len(TRADES) - 1}" in text


def test_deleted_trade(lake, prove):
    built_lake.write_minute(lake, MINUTE, [trade for trade in OF_MINUTE if trade != VICTIM])
    code, text = prove()
    assert code == 1
    assert f"trades missing: 1 (ids {VICTIM.trade_id}" in text


def test_doubled_trade(lake, prove):
    built_lake.write_minute(lake, MINUTE, [*OF_MINUTE, VICTIM])
    code, text = prove()
    assert code == 1
    assert f"trades duplicated: 1 (ids {VICTIM.trade_id}" in text


def test_one_deleted_and_one_doubled_keep_the_count(lake, prove):
    built_lake.write_minute(lake, MINUTE, [OF_MINUTE[0], OF_MINUTE[1], OF_MINUTE[3], OF_MINUTE[3]])
    code, text = prove()
    assert code == 1
    assert f"trades missing: 1 (ids {VICTIM.trade_id}" in text
    assert f"trades duplicated: 1 (ids {OF_MINUTE[3].trade_id}" in text


@pytest.mark.parametrize(
    "change",
    [
        {"price": f"{float(VICTIM.price) + 0.00000001:.8f}"},
        {"qty": "0.00000001"},
        {"trade_ts_us": VICTIM.trade_ts_us + 1},
        {"is_buyer_maker": not VICTIM.is_buyer_maker},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_trade(lake, prove, change):
    changed = [replace(trade, **change) if trade == VICTIM else trade for trade in OF_MINUTE]
    built_lake.write_minute(lake, MINUTE, changed)
    code, text = prove()
    assert code == 1
    assert f"trades different: 1 (ids {VICTIM.trade_id}" in text


def test_trade_that_was_never_published(lake, prove):
    invented = replace(VICTIM, trade_id=FIRST_ID + len(TRADES))
    built_lake.write_minute(lake, MINUTE, [*OF_MINUTE, invented])
    code, text = prove()
    assert code == 1
    assert f"trades never published: 1 (ids {invented.trade_id}" in text


def test_trade_in_the_wrong_minute(lake, prove):
    next_minute, of_next = built_lake.trades_of_minute(TRADES, 18)
    built_lake.write_minute(lake, MINUTE, OF_MINUTE[:-1])
    built_lake.write_minute(lake, next_minute, [OF_MINUTE[-1], *of_next])
    code, text = prove()
    assert code == 1
    assert f"trades out of place: 1 (ids {OF_MINUTE[-1].trade_id}" in text


def rewrite_column(lake: Bucket, name: str, values: pa.Array) -> None:
    """Give one object of the lake other values in one column, and list it with its new bytes."""
    rows = built_lake.table(OF_MINUTE)
    body = built_lake.encode_table(rows.set_column(rows.schema.get_field_index(name), name, values))
    lake.put(KEY, body)
    change_document(lake, "17/_manifest.json", sha256=hashlib.sha256(body).hexdigest())


def change_document(lake: Bucket, name: str, **fields: object) -> None:
    """Change fields of a document of the hour; `sha256` is that of its one object."""
    document = json.loads(lake.get(HOUR_PREFIX + name))
    for entry in document.get("objects", []):
        entry["sha256"] = fields.pop("sha256", entry["sha256"])
    lake.put(HOUR_PREFIX + name, json.dumps(document | fields).encode())


@pytest.mark.parametrize(
    ("name", "values", "failure"),
    [
        ("price", pa.array([float(t.price) for t in OF_MINUTE]), "price is DOUBLE, not DECIMAL(18,8)"),
        ("symbol", pa.array(["ETHUSDT"] * 4), "trades out of place: 4"),
        ("source", pa.array(["guess"] * 4), "trades of an unknown source: 4"),
        (
            "trade_time",
            pa.array([t.trade_ts_us + 1 for t in OF_MINUTE], pa.timestamp("us", "UTC")),
            "trades of another time than trade_ts_us: 4",
        ),
    ],
    ids=["price", "symbol", "source", "trade_time"],
)
def test_column_of_one_object(lake, prove, name, values, failure):
    rewrite_column(lake, name, values)
    code, text = prove()
    assert code == 1
    assert failure in text


def test_intervals_that_are_not_those_of_the_objects(lake, prove):
    change_document(lake, "17/_manifest.json", intervals=[[1, 2]])
    code, text = prove()
    assert code == 1
    assert f"intervals 1-2, objects have {OF_MINUTE[0].trade_id}-{OF_MINUTE[-1].trade_id}" in text


@pytest.mark.parametrize("name", ["_READY.json", "_STATUS.json"])
@pytest.mark.parametrize("body", [b"{}", b"[]", b"{"])
def test_broken_document_of_an_hour(lake, prove, name, body):
    lake.put(HOUR_PREFIX + name, body)
    code, text = prove()
    assert code == 1
    assert f"- s3://{lake.name}/{HOUR_PREFIX}{name} is not as the contract has it" in text


def test_absent_object(lake, prove):
    lake.client.delete_object(Bucket=lake.name, Key=KEY)
    code, text = prove()
    assert code == 1
    assert f"object listed by a manifest is absent: s3://{lake.name}/{KEY}" in text


def test_other_bytes_than_listed(lake, prove):
    lake.put(KEY, built_lake.encode(OF_MINUTE[::-1]))
    code, text = prove()
    assert code == 1
    assert f"object's SHA-256 is not the manifest's: s3://{lake.name}/{KEY}" in text


def test_listed_object_that_is_no_parquet(lake, prove):
    lake.put(KEY, b"not a table")
    code, text = prove()
    assert code == 1
    assert "the listed objects cannot be read" in text


def test_manifest_that_was_changed_after_the_seal(lake, prove):
    key = f"{HOUR_PREFIX}17/_manifest.json"
    lake.put(key, lake.get(key) + b"\n")
    code, text = prove()
    assert code == 1
    assert f"s3://{lake.name}/{key} is not what was sealed" in text


def test_broken_manifest(lake, prove):
    lake.put(f"{HOUR_PREFIX}17/_manifest.json", b'{"objects": [{}]}')
    code, text = prove()
    assert code == 1
    assert "17/_manifest.json is not as the contract has it: Object missing required field" in text


def test_hour_without_readiness(lake, prove):
    lake.client.delete_object(Bucket=lake.name, Key=f"{HOUR_PREFIX}_READY.json")
    code, text = prove()
    assert code == 1
    assert "hour 2026-11-20T05: there is no _READY.json" in text


def degrade(lake: Bucket, *reasons: str) -> None:
    """Make the hour one of a recording: degraded, not ready, without klines."""
    lake.client.delete_object(Bucket=lake.name, Key=f"{HOUR_PREFIX}_READY.json")
    status = json.loads(lake.get(f"{HOUR_PREFIX}_STATUS.json"))
    listed = [{"reason": reason} for reason in reasons]
    built_lake.put_status(lake, status | {"condition": "degraded", "kline_matches": None, "reasons": listed})


def test_recording_is_degraded_at_its_edges(lake, prove):
    degrade(lake, "collection_start", "collection_end")
    code, _ = prove("--expect", "degraded")
    assert code == 0


def test_recording_with_another_reason(lake, prove):
    degrade(lake, "collection_start", "gap")
    code, text = prove("--expect", "degraded")
    assert code == 1
    assert "reasons are ['collection_start', 'gap']" in text


def test_hours_of_a_recording(lake, prove):
    """The first hour is incomplete at its start only, when it is not the last as well."""
    degrade(lake, "collection_start", "collection_end")
    code, text = prove("--expect", "degraded", "--to", "2026-11-20T07:00:00Z")
    assert code == 1
    assert "reasons are ['collection_end', 'collection_start'], not only of ['collection_start']" in text


def test_hour_within_a_recording_is_complete(lake, prove):
    degrade(lake, "collection_start")
    span = ["--from", "2026-11-20T04:00:00Z", "--to", "2026-11-20T07:00:00Z"]
    code, text = prove("--expect", "degraded", *span)
    assert code == 1
    assert "hour 2026-11-20T05: condition is degraded, not available" in text


def test_news_needs_its_article_text(lake, prove):
    lake.put("Ext/TEST/2026/11/20/0501-News.json", b"{}")
    lake.put("Ext/RSS/2026/11/20/news-1.json", b"[]")
    code, text = prove("--news")
    assert code == 1
    assert f"has no s3://{lake.name}/ExtContent/RSS/2026/11/20/news-1.json" in text
    lake.put("ExtContent/RSS/2026/11/20/news-1.json", b'[{"status": "ok", "text": "Bitcoin rose."}]')
    assert prove("--news")[0] == 0


@pytest.mark.parametrize(
    "rows", [b"[]", b'[{"status": "blocked", "text": null}]', b'[{"status": "ok", "text": ""}]']
)
def test_article_text_object_without_text(lake, prove, rows):
    lake.put("Ext/TEST/2026/11/20/0501-News.json", b"{}")
    lake.put("Ext/RSS/2026/11/20/news-1.json", b"[]")
    lake.put("ExtContent/RSS/2026/11/20/news-1.json", rows)
    code, text = prove("--news")
    assert code == 1
    assert "ExtContent/RSS/2026/11/20/news-1.json holds no article's text" in text


def test_bad_input_is_one_clear_line(prove, tmp_path):
    absent = tmp_path / "absent.csv"
    code, text = prove("--published", str(absent))
    assert code == 2
    assert text.strip().splitlines()[-1] == f"proof: --published {absent}: no such file"


def test_symbol_that_was_not_published(prove):
    code, text = prove("--symbol", "ETHUSDT")
    assert code == 2
    assert "no trade of --symbol ETHUSDT in it" in text


def test_missing_bucket(prove):
    code, text = prove("--bucket", "no-such-bucket")
    assert code == 2
    assert "cannot list s3://no-such-bucket/" in text

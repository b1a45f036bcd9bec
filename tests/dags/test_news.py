"""News and article text, run by Airflow against a real S3 server and the simulated sites."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bucket
from tests.dags.conftest import RunDag

FEEDS = ("coinwire", "blockdaily", "chainnotes")
"""With ETag, without any validator, Atom."""


def read_feeds(monkeypatch: pytest.MonkeyPatch, folder: Path, simulator: str, *names: str) -> None:
    """Let the DAGs read some of the simulator's feeds."""
    path = folder / "feeds.yaml"
    path.write_text(
        json.dumps({"feeds": [{"name": name, "url": f"{simulator}/feeds/{name}.xml"} for name in names]})
    )
    monkeypatch.setenv("AIRFLOW__TRADELAKE__FEEDS_FILE", str(path))


def rows(lake: Bucket, prefix: str) -> list[dict[str, Any]]:
    return [row for key in lake.keys(prefix) for row in json.loads(lake.get(key))]


def events() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return session.scalar(select(func.count()).select_from(AssetEvent))


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_news_and_its_text_are_written_once(
    run_dag: RunDag, lake: Bucket, simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_feeds(monkeypatch, tmp_path, simulator, *FEEDS, "absent")
    rung = events()
    run = run_dag("news_rss")
    assert (run.state, states(run)) == ("success", {"fetch_feeds": "success"})
    news = rows(lake, "Ext/RSS/")
    assert Counter(row["source"] for row in news) == dict.fromkeys(FEEDS, 8)
    assert len(lake.keys("Ext/RSS/")) == len(FEEDS)
    assert events() == rung + 1

    before = lake.keys()
    run = run_dag("news_rss")
    assert (run.state, states(run)) == ("success", {"fetch_feeds": "skipped"})
    assert (lake.keys(), events()) == (before, rung + 1)

    run = run_dag("news_content")
    assert (run.state, states(run)) == ("success", {"find_articles": "success", "enrich_articles": "success"})
    articles = rows(lake, "ExtContent/")
    assert {row["id"] for row in articles} == {row["id"] for row in news}
    assert Counter(row["status"] for row in articles) == {"ok": 22, "http_error": 1, "blocked": 1}
    assert all((row["text"] is not None) == (row["status"] == "ok") for row in articles)
    assert all(row["available_at"] >= row["first_seen_at"] for row in articles)

    before = lake.keys()
    run = run_dag("news_content")
    assert (run.state, states(run)) == ("success", {"find_articles": "success", "enrich_articles": "skipped"})
    assert lake.keys() == before


def test_no_feed_at_all_is_a_failure(
    run_dag: RunDag, lake: Bucket, simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_feeds(monkeypatch, tmp_path, simulator, "absent")
    run = run_dag("news_rss")
    assert run.state == "failed"
    [task] = run.get_task_instances()
    [report] = task.xcom_pull(task_ids="fetch_feeds", key="feeds")
    assert (report["outcome"], report["detail"]) == ("http_error", "HTTP 404")
    assert lake.keys() == []


def test_older_days_are_enriched_on_demand(
    run_dag: RunDag, lake: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__TRADELAKE__ARTICLE_EXTRACTOR", "newspaper")
    lake.put("Ext/RSS/2026/01/31/news-20260131T060000Z-0123456789abcdef.json", b"[]")
    run_dag("news_content")
    assert lake.keys("ExtContent/") == []
    run_dag("news_content", conf={"days": 2, "until": "2026-02-01"})
    assert lake.keys("ExtContent/") == [
        "ExtContent/RSS/2026/01/31/news-20260131T060000Z-0123456789abcdef.json"
    ]

"""# News from RSS and Atom feeds.

**What it does.** Every 5 minutes it fetches the feeds of `AIRFLOW__TRADELAKE__FEEDS_FILE` (default: a
packaged list of Bitcoin feeds), and writes the entries that were never seen before to
`Ext/RSS/YYYY/MM/DD/news-<run time>-<hash>.json`, one object a feed. Where nothing is new the task is
**skipped**, writes nothing and rings no bell; otherwise the asset `news_raw` tells `news_content`.

**Run it again.** At any time: an entry is written once, whatever is retried, cleared or killed. In a shell:

    airflow dags test news_rss -c '{}'

**When it fails**

- *None of n feeds could be read*: the network. XCom `feeds` of the task says what came of each feed.
- One feed is a warning in the log, never a failure. `bad_state` names an object under `Ext/_state/rss/`:
  restore an older version of it, or delete it and that feed's present entries are written anew.
- A line that names `s3://`: see `lake_heartbeat`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from tradelake.assets import NEWS_RAW
from tradelake.operators.feeds import FetchFeedsOperator
from tradelake.settings import settings

SETTINGS = settings()

with DAG(
    dag_id="news_rss",
    schedule="*/5 * * * *",
    start_date=SETTINGS.start_date,
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["news", "ingest"],
    doc_md=__doc__,
):
    FetchFeedsOperator(
        task_id="fetch_feeds",
        bucket=SETTINGS.bucket,
        feeds_file=str(SETTINGS.feeds_file) if SETTINGS.feeds_file else None,
        outlets=[NEWS_RAW],
        execution_timeout=timedelta(minutes=4),
    )

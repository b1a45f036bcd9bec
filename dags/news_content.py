"""# Article text of the news.

**What it does.** For every news object under `Ext/RSS/`, `Ext/CRYPTOPANIC/` and `Ext/NEWSAPI/` that has no
twin of the same name under `ExtContent/`, it fetches the pages, extracts the text and writes the twin. It
runs when `news_raw` rings and every 15 minutes, and looks at the last 3 days of keys: a missed bell loses
nothing.

A page without an article is an outcome, not a failure: `status` in the row is `ok`, `http_error`, `blocked`,
`too_large`, `not_html`, `empty`, `unreachable` or `no_url`, and `status_detail` says why.

**Run it again.** At any time; what is done is passed over. For older days, trigger it with `days` and `until`
(the form in the UI). From a shell:

    airflow dags test news_content -c '{}'
    airflow dags test news_content -c '{"days": 7, "until": "2026-01-31"}'

**When it fails**

- *is not a news object*: somebody put another JSON there; the line names the key. All others were done.
- A line that names `s3://`: see `lake_heartbeat`.
- Everything `unreachable`: the workers have no way to the web. `empty` more often than usual: compare
  the engines with `AIRFLOW__TRADELAKE__ARTICLE_EXTRACTOR=newspaper` (default `trafilatura`).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param

from tradelake.assets import NEWS_RAW
from tradelake.operators.articles import EnrichArticlesOperator, FindArticlesOperator
from tradelake.settings import settings

SETTINGS = settings()

with DAG(
    dag_id="news_content",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/15 * * * *", timezone="UTC"), assets=[NEWS_RAW]
    ),
    start_date=SETTINGS.start_date,
    catchup=False,
    max_active_runs=1,
    params={
        "days": Param(3, type="integer", minimum=1, maximum=31, description="How many days of keys"),
        "until": Param(
            None, type=["null", "string"], format="date", description="The last of them; empty: the run's day"
        ),
    },
    default_args={"owner": "tradelake", "retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["news", "enrich"],
    doc_md=__doc__,
):
    find = FindArticlesOperator(
        task_id="find_articles",
        bucket=SETTINGS.bucket,
        days="{{ params.days }}",
        until="{{ params.until or '' }}",
    )
    EnrichArticlesOperator.partial(
        task_id="enrich_articles", bucket=SETTINGS.bucket, execution_timeout=timedelta(minutes=30)
    ).expand(keys=find.output)

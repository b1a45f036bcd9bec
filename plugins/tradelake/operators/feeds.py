"""Polls news feeds."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from include.errors import LakeError
from tradelake.operators.lake import LakeOperator
from tradelake.run_time import run_time

if TYPE_CHECKING:
    from include.news.poll import FeedReport


class FetchFeedsOperator(LakeOperator):
    """Fetch the feeds and write their unseen entries, one object a feed.

    The task is skipped where nothing was written, so that its outlets tell of new objects only. It fails
    where no feed at all could be read; one that cannot be read is a warning and a line in XCom ``feeds``.

    :param feeds_file: YAML list of feeds (templated); default: the packaged list.
    """

    template_fields: Sequence[str] = (*LakeOperator.template_fields, "feeds_file")

    def __init__(self, *, feeds_file: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feeds_file = feeds_file

    def execute(self, context: Context) -> list[str]:
        """Return the keys of the objects that were written."""
        from include.news.feeds import load_feeds
        from include.news.poll import poll_feeds

        feeds = load_feeds(Path(self.feeds_file) if self.feeds_file else None)
        reports = asyncio.run(poll_feeds(self.store, feeds, run_time(context)))
        self._tell(context, reports)
        if all(report.failed for report in reports):
            first = reports[0]
            raise LakeError(f"None of {len(reports)} feeds could be read; {first.feed}: {first.detail}")
        keys = [key for report in reports for key in report.keys]
        if not keys:
            raise AirflowSkipException("No feed has an unseen entry")
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = {"keys": keys}
        return keys

    def _tell(self, context: Context, reports: Sequence[FeedReport]) -> None:
        context["ti"].xcom_push(key="feeds", value=[dataclasses.asdict(report) for report in reports])
        for report in reports:
            log = self.log.warning if report.failed else self.log.info
            log(
                "%s: %s%s, %d entries, wrote %s",
                report.feed,
                report.outcome,
                f" ({report.detail})" if report.detail else "",
                report.entries,
                ", ".join(report.keys) or "nothing",
            )

"""Which news objects the lake holds, and whether each has its article text."""

from __future__ import annotations

from collections import Counter

from demo.proof.lake import Lake
from demo.proof.section import Section

_STATE = "Ext/_state/"
_HEARTBEAT = "Ext/TEST/"


def check_news(lake: Lake, required: bool) -> Section:
    """Count the objects below `Ext/` and `ExtContent/` by source.

    Args:
        lake: the lake.
        required: demand a heartbeat, news, and the article text of each news object.
    """
    section = Section(
        "News and articles", ("prefix", "objects", "for example"), where=lake.url("Ext/, ExtContent/")
    )
    written = [key for key in lake.keys("Ext/") if not key.startswith(_STATE)]
    texts = lake.keys("ExtContent/")
    sources = Counter(key.rsplit("/", 4)[0] + "/" for key in written + texts)
    for prefix, number in sorted(sources.items()):
        example = next(key for key in written + texts if key.startswith(prefix))
        section.rows.append((prefix, str(number), example))
    if required:
        news = [key for key in written if not key.startswith(_HEARTBEAT)]
        section.demand(len(news) < len(written), f"there is no heartbeat below {lake.url(_HEARTBEAT)}")
        section.demand(bool(news), f"there is no news below {lake.url('Ext/')}")
        for key in news:
            twin = key.replace("Ext/", "ExtContent/", 1)
            section.demand(twin in texts, f"{lake.url(key)} has no {lake.url(twin)}")
    return section
